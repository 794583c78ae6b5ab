//! The limit on open connections.
//!
//! A program takes a [`Permit`] first and then accepts: connections over the limit stay in the kernel's backlog and cost
//! nothing. The permit belongs to the connection and is returned when it is dropped.

use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A limit on the number of open connections. Clones share the permits of one limit.
#[derive(Debug, Clone)]
pub struct ConnectionLimit {
    permits: Arc<Semaphore>,
    max: u32,
}

/// The right to have one connection open, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimit {
    /// Creates a limit of `max` open connections.
    pub fn new(max: NonZeroU32) -> Self {
        let permits_max = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let max = max.get().min(permits_max);
        Self { permits: Arc::new(Semaphore::new(max as usize)), max }
    }

    /// Waits until fewer connections than the limit are open, and returns a permit for one more.
    pub async fn permit(&self) -> Permit {
        if self.permits.available_permits() == 0 {
            tracing::info!("{} connections are open, further clients wait until one is closed", self.max);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        Permit { _permit: permit.expect("this semaphore is never closed") }
    }

    /// Returns a permit for one more connection; `None` if as many as the limit are open.
    pub fn try_permit(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Permit { _permit: permit })
    }

    /// Waits until no connection is open. Meanwhile no further permit is given.
    pub async fn all_closed(&self) {
        let _all = self.permits.acquire_many(self.max).await.expect("this semaphore is never closed");
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use launcelot_testing::wait::{DEADLINE, within};

    use super::*;

    #[tokio::test]
    async fn a_permit_is_returned_when_it_is_dropped() {
        let limit = ConnectionLimit::new(NonZeroU32::MIN);
        let permit = limit.permit().await;
        assert!(limit.try_permit().is_none());
        drop(permit);
        assert!(limit.try_permit().is_some());
    }

    #[tokio::test]
    async fn all_are_closed_once_the_last_permit_is_returned() {
        let limit = ConnectionLimit::new(NonZeroU32::MAX);
        let permit = limit.permit().await;
        assert!(limit.all_closed().now_or_never().is_none());
        drop(permit);
        within(DEADLINE, "the last connection", limit.all_closed()).await;
    }
}

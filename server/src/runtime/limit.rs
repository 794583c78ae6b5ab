//! The limit of connections, for tasks.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::options::Options;

/// A semaphore with one permit for each connection that may be open, shared by all clones.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLimit {
    permits: Arc<Semaphore>,
    max_connections: u32,
}

/// The permission to have one connection open, released when dropped.
pub(crate) type Permit = OwnedSemaphorePermit;

const NEVER_CLOSED: &str = "the semaphore is never closed";

impl ConnectionLimit {
    pub(crate) fn new(options: &Options) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let max_connections = options.max_connections.get().min(most);
        Self { permits: Arc::new(Semaphore::new(max_connections as usize)), max_connections }
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self) -> Permit {
        if self.permits.available_permits() == 0 {
            tracing::info!(max = self.max_connections, "connection limit reached, further clients wait");
        }
        Arc::clone(&self.permits).acquire_owned().await.expect(NEVER_CLOSED)
    }

    /// Returns a permit if one is free.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Waits until every permit has been released.
    pub(crate) async fn all_released(&self) {
        let _all = self.permits.acquire_many(self.max_connections).await.expect(NEVER_CLOSED);
    }
}

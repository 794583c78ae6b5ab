//! The limit on open connections for threads, which block while they wait; [`launcelot_endpoint::limit`] has one for tasks.

use std::num::NonZeroU32;
use std::sync::{Condvar, Mutex};

/// A counting semaphore with one permit for each connection that may be open.
pub(crate) struct ConnectionLimit {
    max: NonZeroU32,
    free_permits: Mutex<u32>,
    released: Condvar,
}

/// The permission to have one connection open, released when dropped.
pub(crate) struct Permit<'a>(&'a ConnectionLimit);

const NOT_POISONED: &str = "counting permits does not panic";

impl ConnectionLimit {
    pub(crate) fn new(max: NonZeroU32) -> Self {
        Self { max, free_permits: Mutex::new(max.get()), released: Condvar::new() }
    }

    /// Waits for a permit.
    pub(crate) fn permit(&self) -> Permit<'_> {
        let mut free = self.free_permits.lock().expect(NOT_POISONED);
        if *free == 0 {
            tracing::info!("{} connections are open, further clients wait until one is closed", self.max);
        }
        free = self.released.wait_while(free, |free| *free == 0).expect(NOT_POISONED);
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free_permits.lock().expect(NOT_POISONED) += 1;
        self.0.released.notify_one();
    }
}

//! The limit of connections, for threads.

use std::sync::{Condvar, Mutex};

use crate::options::Options;

/// A counting semaphore with one permit for each connection that may be open.
pub(crate) struct ConnectionLimit {
    free_permits: Mutex<u32>,
    released: Condvar,
}

/// The permission to have one connection open, released when dropped.
pub(crate) struct Permit<'a>(&'a ConnectionLimit);

const NOT_POISONED: &str = "counting permits does not panic";

impl ConnectionLimit {
    pub(crate) fn new(options: &Options) -> Self {
        Self { free_permits: Mutex::new(options.max_connections.get()), released: Condvar::new() }
    }

    /// Waits for a permit.
    pub(crate) fn acquire(&self) -> Permit<'_> {
        let mut free = self.free_permits.lock().expect(NOT_POISONED);
        if *free == 0 {
            tracing::info!("connection limit reached, further clients wait");
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

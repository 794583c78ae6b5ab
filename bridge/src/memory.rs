//! Memory goes back to the system when most connections have ended.
//!
//! glibc keeps what is freed for later: all of it, if something at the end of the heap is in use. After 9,000 connections,
//! that were 34 MiB.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory of fewer tasks is not worth a walk through the heap.
const PEAK_MIN: usize = 64;

/// The largest number of tasks since memory went back the last time.
#[derive(Debug, Default)]
pub(crate) struct MemoryPeak(AtomicUsize);

impl MemoryPeak {
    /// Notes that there are `tasks` now.
    pub(crate) fn rise_to(&self, tasks: usize) {
        self.0.fetch_max(tasks, Ordering::Relaxed);
    }

    /// Notes that `tasks` are left. When that is half of the peak, their memory goes back to the system.
    pub(crate) fn fall_to(&self, tasks: usize) {
        let peak = self.0.load(Ordering::Relaxed);
        let is_over = peak >= PEAK_MIN && tasks <= peak / 2;
        // Another thread may have done it already.
        if is_over && self.0.compare_exchange(peak, tasks, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            trim();
        }
    }
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "no library wraps malloc_trim()")]
fn trim() {
    // SAFETY: it takes no pointer, and any thread may call it at any time.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}

//! Counters of a server: connections, questions, bytes, and a histogram of how long answers took.
//!
//! Every serving thread counts in a tally of its own, so counting takes a few nanoseconds a turn and no thread
//! waits for another. The tallies are in memory that worker processes share (`shared_memory`), so what a worker has
//! counted survives its death. [`Statistics::totals`] returns their [sum](Totals).

pub(crate) mod histogram;
pub(crate) mod metrics;
pub(crate) mod shared_memory;
mod summary;
pub(crate) mod tally;
pub(crate) mod totals;

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use crate::options::Options;
use crate::statistics::shared_memory::SharedTallies;
use crate::statistics::tally::{Tally, ThreadNumber};

pub use histogram::{BOUNDS_NS, LONGEST_BOUND_NS, ThinkingHistogram};
pub use totals::Totals;

/// The number of tallies, unless there are more worker processes. If there are more threads, several share a tally.
const TALLIES: usize = 64;

/// The counters of one server, shared by all clones.
#[derive(Debug, Clone)]
pub struct Statistics {
    tallies: Arc<SharedTallies>,
    /// The index of a worker process's tally, in which all its threads count.
    worker_tally: Option<usize>,
}

impl Statistics {
    /// Creates counters that are zero, for a server with these options.
    ///
    /// # Errors
    ///
    /// Returns the system's error if there is no memory or no descriptor left.
    pub fn new(options: &Options) -> io::Result<Self> {
        // Each worker process has a tally of its own.
        let count = (options.workers.get() as usize).max(TALLIES);
        Ok(Self { tallies: Arc::new(SharedTallies::new(count)?), worker_tally: None })
    }

    /// Takes over the counters of another process, in which this process counts as the worker with this number.
    pub(crate) fn inherited(tallies: SharedTallies, number: usize) -> Self {
        Self { tallies: Arc::new(tallies), worker_tally: Some(number) }
    }

    /// Returns the shared memory of the tallies, to be passed to a worker.
    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.tallies.memory()
    }

    /// Returns the tally in which the thread with this number counts.
    pub(crate) fn tally(&self, thread: ThreadNumber) -> &Tally {
        let tallies = self.tallies.as_slice();
        let index = self.worker_tally.unwrap_or(thread.0);
        &tallies[index % tallies.len()]
    }

    /// Counts the open connections of the dead worker process with this number as closed.
    pub(crate) fn reap(&self, number: usize) {
        self.tallies.as_slice()[number].close_all();
    }

    /// Returns the sum of all tallies. Threads count meanwhile, so the figures may be about a microsecond apart.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for tally in self.tallies.as_slice() {
            tally.add_to(&mut totals);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    #[test]
    fn totals_are_the_sum_over_all_threads() {
        let statistics = Statistics::new(&Options::default()).unwrap();
        for number in [0, 1, TALLIES + 1] {
            let tally = statistics.tally(ThreadNumber(number));
            tally.opened();
            tally.received(18);
            tally.answered(3, 1, Duration::from_nanos(50));
            tally.answered(1, 0, Duration::from_nanos(51));
            tally.answered(1, 0, Duration::from_secs(11));
            tally.sent(35);
        }
        statistics.tally(ThreadNumber(1)).closed();
        let totals = statistics.totals();
        assert_eq!((totals.connections, totals.open), (3, 2));
        assert_eq!((totals.questions, totals.unknown), (15, 3));
        assert_eq!((totals.bytes_in, totals.bytes_out), (54, 105));
        assert_eq!(totals.thinking.sum, 3 * (Duration::from_secs(11) + Duration::from_nanos(3 * 50 + 51)));
        assert_eq!((totals.thinking.counts[0], totals.thinking.counts[1]), (9, 3));
        assert_eq!(totals.thinking.counts.last(), Some(&3));
    }

    #[test]
    fn reaping_a_worker_closes_its_open_connections_and_keeps_its_other_counts() {
        let workers = NonZeroU32::new(100).unwrap();
        let statistics = Statistics::new(&Options { workers, ..Options::default() }).unwrap();
        let memory = statistics.memory().try_clone_to_owned().unwrap();
        let worker = Statistics::inherited(SharedTallies::from_memory(memory).unwrap(), 99);
        worker.tally(ThreadNumber(5)).opened();
        worker.tally(ThreadNumber(6)).answered(1, 0, Duration::ZERO);
        assert_eq!((statistics.totals().open, statistics.totals().questions), (1, 1));
        drop(worker);
        statistics.reap(99);
        let totals = statistics.totals();
        assert_eq!((totals.connections, totals.open, totals.questions), (1, 0, 1));
    }
}

//! What a server counts while it serves, and how long its answers take it to think of.
//!
//! Every thread that serves counts in a tally of its own, so that counting costs a few
//! nanoseconds a turn and no thread waits for another. The tallies lie in memory that worker
//! processes share, so that a worker that dies takes nothing with it that it had counted. Whoever
//! asks gets their [sum](Totals).

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::options::Options;
use crate::shared_memory::SharedTallies;

/// Threads beyond so many share their tallies.
const TALLIES: usize = 64;

/// The bounds of the histogram, in nanoseconds: 1, 2 and 5 of every decade from 50 ns to 10 s.
/// What takes longer than the last is counted beyond it.
pub const BOUNDS_NS: [u64; 26] = {
    let mut bounds = [0; 26];
    let (mut decade, mut index) = (10, 0);
    while index < bounds.len() {
        // 5, then 1, 2 and 5 of the next decade, and so on.
        bounds[index] = match index % 3 {
            0 => 5 * decade,
            1 => 10 * decade,
            _ => 20 * decade,
        };
        if index % 3 == 2 {
            decade *= 10;
        }
        index += 1;
    }
    bounds
};

/// The last of them.
pub const LONGEST_BOUND_NS: u64 = BOUNDS_NS[BOUNDS_NS.len() - 1];

/// What one server counts. A clone counts for the same server.
#[derive(Debug, Clone)]
pub struct Statistics {
    tallies: Arc<SharedTallies>,
    /// Where a worker process counts, whichever of its threads it is.
    only: Option<usize>,
}

impl Statistics {
    /// All zero, for a server with these options.
    ///
    /// # Errors
    ///
    /// If the system has no memory or no descriptor left.
    pub fn new(options: &Options) -> io::Result<Self> {
        // Each worker process has one of its own.
        let count = (options.workers.get() as usize).max(TALLIES);
        Ok(Self { tallies: Arc::new(SharedTallies::new(count)?), only: None })
    }

    /// The same, in a process that was given the memory and is to count in the tally with that number.
    pub(crate) fn inherited(tallies: SharedTallies, number: usize) -> Self {
        Self { tallies: Arc::new(tallies), only: Some(number) }
    }

    /// The memory, to be given to another process.
    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.tallies.memory()
    }

    /// Where to count.
    pub(crate) fn tally(&self, thread: ThreadNumber) -> &Tally {
        let tallies = self.tallies.as_slice();
        &tallies[self.only.unwrap_or(thread.0) % tallies.len()]
    }

    /// Takes note that the worker process which counted there has died, and its connections with it.
    pub(crate) fn bury(&self, number: usize) {
        let tally = &self.tallies.as_slice()[number];
        tally.closed.store(tally.opened.load(Relaxed), Relaxed);
    }

    /// What was counted until now. Threads go on counting meanwhile, so the figures may differ by
    /// what happened within a microsecond.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for tally in self.tallies.as_slice() {
            // Closed first: a connection that comes and goes in between must not count as minus one.
            let closed = tally.closed.load(Relaxed);
            let opened = tally.opened.load(Relaxed);
            totals.connections += opened;
            totals.open += opened.saturating_sub(closed);
            totals.questions += tally.questions.load(Relaxed);
            totals.unknown += tally.unknown.load(Relaxed);
            totals.bytes_in += tally.bytes_in.load(Relaxed);
            totals.bytes_out += tally.bytes_out.load(Relaxed);
            totals.thinking.sum += Duration::from_nanos(tally.thinking_ns.load(Relaxed));
            for (total, count) in totals.thinking.counts.iter_mut().zip(&tally.thinking) {
                *total += count.load(Relaxed);
            }
        }
        totals
    }
}

/// The counters of one thread or process, apart from those of the others in the processor's cache
/// too. All zero is a tally that has counted nothing.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub(crate) struct Tally {
    opened: AtomicU64,
    closed: AtomicU64,
    questions: AtomicU64,
    unknown: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    thinking_ns: AtomicU64,
    thinking: [AtomicU64; BOUNDS_NS.len() + 1],
}

impl Tally {
    pub(crate) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(crate) fn heard(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    /// So many questions that came together were answered after `thinking`, each of them.
    pub(crate) fn answered(&self, questions: usize, unknown: usize, thinking: Duration) {
        let questions = questions as u64;
        let thinking_ns = u64::try_from(thinking.as_nanos()).unwrap_or(u64::MAX);
        self.questions.fetch_add(questions, Relaxed);
        if unknown > 0 {
            self.unknown.fetch_add(unknown as u64, Relaxed);
        }
        self.thinking_ns.fetch_add(thinking_ns.saturating_mul(questions), Relaxed);
        let bucket = BOUNDS_NS.partition_point(|bound| *bound < thinking_ns);
        self.thinking[bucket].fetch_add(questions, Relaxed);
    }
}

/// The number of a thread among those that serve, which says where it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadNumber(usize);

impl ThreadNumber {
    /// The same whenever the same thread asks.
    pub(crate) fn of_this_thread() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Relaxed);
        }
        Self(NUMBER.with(|number| *number))
    }
}

/// What a server has counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections that were accepted.
    pub connections: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Whole questions that were answered, unknown ones included.
    pub questions: u64,
    /// Those of them that were not one of the three.
    pub unknown: u64,
    /// Bytes that were heard, white space and half questions included.
    pub bytes_in: u64,
    /// Bytes of replies that the system has taken from the server.
    pub bytes_out: u64,
    /// For each question, the time from when it was whole until its answer was ready.
    pub thinking: Thinking,
}

/// A histogram of the times that answers took to think of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thinking {
    /// How many took at most [`BOUNDS_NS`] of the same index, but more than the one before; the
    /// last counts those beyond all.
    pub counts: [u64; BOUNDS_NS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

impl Thinking {
    /// The bound that so many parts of a hundred stay within, in nanoseconds; `None` if nothing was
    /// counted, or if it lies beyond the last bound.
    pub fn percentile_ns(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.counts.iter().sum();
        let wanted = (all * percent).div_ceil(100);
        let mut seen = 0;
        let within = self.counts.iter().position(|count| {
            seen += count;
            wanted > 0 && seen >= wanted
        });
        BOUNDS_NS.get(within?).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn the_bounds_go_from_50_nanoseconds_to_10_seconds() {
        assert_eq!(BOUNDS_NS[..5], [50, 100, 200, 500, 1_000]);
        assert_eq!(BOUNDS_NS.last(), Some(&10_000_000_000));
        assert!(BOUNDS_NS.is_sorted());
    }

    #[test]
    fn what_every_thread_counts_is_summed() {
        let statistics = Statistics::new(&Options::default()).unwrap();
        for number in [0, 1, TALLIES + 1] {
            let tally = statistics.tally(ThreadNumber(number));
            tally.opened();
            tally.heard(18);
            tally.answered(3, 1, Duration::from_nanos(50));
            tally.answered(1, 0, Duration::from_nanos(51));
            tally.answered(1, 0, Duration::from_secs(11));
            tally.wrote(35);
        }
        statistics.tally(ThreadNumber(1)).closed();
        let totals = statistics.totals();
        assert_eq!((totals.connections, totals.open), (3, 2));
        assert_eq!((totals.questions, totals.unknown), (15, 3));
        assert_eq!((totals.bytes_in, totals.bytes_out), (54, 105));
        assert_eq!(totals.thinking.sum, 3 * (Duration::from_secs(11) + Duration::from_nanos(3 * 50 + 51)));
        assert_eq!((totals.thinking.counts[0], totals.thinking.counts[1]), (9, 3));
        assert_eq!(totals.thinking.counts.last(), Some(&3));
        let percentiles = [50, 60, 61, 80, 81].map(|percent| totals.thinking.percentile_ns(percent));
        assert_eq!(percentiles, [Some(50), Some(50), Some(100), Some(100), None]);
        assert_eq!(Thinking::default().percentile_ns(99), None);
    }

    #[test]
    fn a_worker_that_dies_loses_its_connections_and_nothing_else() {
        let workers = NonZeroU32::new(100).unwrap();
        let statistics = Statistics::new(&Options { workers, ..Options::default() }).unwrap();
        let memory = statistics.memory().try_clone_to_owned().unwrap();
        let worker = Statistics::inherited(SharedTallies::from_memory(memory).unwrap(), 99);
        worker.tally(ThreadNumber(5)).opened();
        worker.tally(ThreadNumber(6)).answered(1, 0, Duration::ZERO);
        assert_eq!((statistics.totals().open, statistics.totals().questions), (1, 1));
        drop(worker);
        statistics.bury(99);
        let totals = statistics.totals();
        assert_eq!((totals.connections, totals.open, totals.questions), (1, 0, 1));
    }
}

//! The counters of one thread or worker process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::statistics::histogram::{BOUNDS_NS, bucket_of};
use crate::statistics::totals::Totals;

/// The counters of one thread or worker process. The alignment keeps them in cache lines of their own, so threads do not
/// slow each other down (false sharing). Zeroed memory is a valid tally that has counted nothing.
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

    pub(crate) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts `questions` that arrived together, each of which was answered after `thinking`. `unknown` of them were unknown.
    pub(crate) fn answered(&self, questions: usize, unknown: usize, thinking: Duration) {
        let questions = questions as u64;
        let thinking_ns = u64::try_from(thinking.as_nanos()).unwrap_or(u64::MAX);
        self.questions.fetch_add(questions, Relaxed);
        if unknown > 0 {
            self.unknown.fetch_add(unknown as u64, Relaxed);
        }
        self.thinking_ns.fetch_add(thinking_ns.saturating_mul(questions), Relaxed);
        self.thinking[bucket_of(thinking_ns)].fetch_add(questions, Relaxed);
    }

    /// Counts all open connections of this tally as closed.
    pub(super) fn close_all(&self) {
        self.closed.store(self.opened.load(Relaxed), Relaxed);
    }

    pub(super) fn add_to(&self, totals: &mut Totals) {
        // `closed` is read before `opened`, so that a connection that opens and closes in between is not counted as -1.
        let closed = self.closed.load(Relaxed);
        let opened = self.opened.load(Relaxed);
        totals.connections += opened;
        totals.open += opened.saturating_sub(closed);
        totals.questions += self.questions.load(Relaxed);
        totals.unknown += self.unknown.load(Relaxed);
        totals.bytes_in += self.bytes_in.load(Relaxed);
        totals.bytes_out += self.bytes_out.load(Relaxed);
        totals.thinking.sum += Duration::from_nanos(self.thinking_ns.load(Relaxed));
        for (total, count) in totals.thinking.counts.iter_mut().zip(&self.thinking) {
            *total += count.load(Relaxed);
        }
    }
}

/// The number of a serving thread, which selects its tally.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadNumber(pub(super) usize);

impl ThreadNumber {
    /// Returns the number of the calling thread, which never changes.
    pub(crate) fn of_this_thread() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static NUMBER: usize = NEXT.fetch_add(1, Relaxed);
        }
        Self(NUMBER.with(|number| *number))
    }
}

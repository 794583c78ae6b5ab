//! Reports what a session reads and writes to its observer.
//!
//! Time spent in an observer is not measured, and an answer does not wait for it: questions and answers are reported once
//! the answers have been written. Worker processes are not observed, because they do not share the observer's memory.

use std::time::Instant;

use launcelot_endpoint::observe::{ConnectionObserver, Observed, Point};

/// The observer of one session, if there is one.
#[derive(Debug)]
pub(crate) struct Reporter {
    observed: Observed,
    /// The number of bytes of answers that are ready, and that the session has not tried to write yet.
    ready_bytes: usize,
}

impl Reporter {
    pub(crate) fn to(observer: Option<Box<dyn ConnectionObserver>>) -> Self {
        Self { observed: Observed::by(observer), ready_bytes: 0 }
    }

    pub(crate) fn questions_read(&mut self, at: Instant, bytes: usize) {
        self.observed.record_at(at, Point::FromClient, bytes);
    }

    pub(crate) fn answers_ready(&mut self, at: Instant, bytes: usize) {
        self.observed.record_at(at, Point::AnswerReady, bytes);
        self.ready_bytes += bytes;
    }

    /// Records that all ready answers are about to be written, unless that has been recorded. The caller must
    /// [`report`](Self::report) after the write.
    pub(crate) fn before_write(&mut self) {
        if self.ready_bytes > 0 {
            self.observed.record_write(Point::ToClient, self.ready_bytes);
            self.ready_bytes = 0;
        }
    }

    /// Reports what has happened since the last report.
    pub(crate) fn report(&mut self) {
        self.observed.report();
    }
}

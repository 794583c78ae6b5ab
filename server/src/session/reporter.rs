//! Reporting a session to its observer.
//!
//! Time spent in an observer is not measured: a question is reported after the clock has been read for its answer, and
//! before the answer is written. So an answer that a client has received is already recorded. Worker processes are not
//! observed, because they do not share the observer's memory.

use std::time::Instant;

use launcelot_endpoint::observe::{Point, Watched, Watcher};

/// The watcher of one session, if there is one, and the questions that have not been reported yet.
#[derive(Debug)]
pub(crate) struct Reporter {
    watched: Watched,
    /// Questions whose answers are not ready: when they were read, and their bytes.
    unreported: Option<(Instant, usize)>,
}

impl Reporter {
    pub(crate) fn to(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self { watched: Watched::by(watcher), unreported: None }
    }

    /// Keeps questions until the clock has been read for their answers.
    pub(crate) fn questions_read(&mut self, at: Instant, bytes: usize) {
        if self.watched.is_observed() {
            self.unreported = Some((at, bytes));
        }
    }

    /// Reports the questions that were kept, whether they have an answer or not.
    pub(crate) fn report_questions(&mut self) {
        if let Some((at, bytes)) = self.unreported.take() {
            self.watched.record_at(at, Point::FromClient, bytes);
        }
    }

    /// Reports answers that will be written next, and the questions before them.
    pub(crate) fn answers_ready(&mut self, at: Instant, bytes: usize) {
        self.report_questions();
        self.watched.record_at(at, Point::AnswerReady, bytes);
        self.watched.record(Point::ToClient, bytes);
    }
}

//! Reports a conversation to its observer.
//!
//! Time spent in an observer is not measured: a question is reported when the clock has been read for its answer, and before
//! the answer is written. So the answer that a client has received is already recorded. Worker processes are not observed:
//! their memory is their own.

use std::time::Instant;

use launcelot_endpoint::observe::{Point, Watched, Watcher};

/// The watcher of one conversation, if there is one, and what has not been reported yet.
#[derive(Debug)]
pub(crate) struct Reporter {
    watched: Watched,
    /// When questions were read whose answers are not ready, and how many bytes.
    unreported: Option<(Instant, usize)>,
}

impl Reporter {
    pub(crate) fn to(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self { watched: Watched::by(watcher), unreported: None }
    }

    /// Takes note of questions, to report them when the clock has been read for their answers.
    pub(crate) fn questions_read(&mut self, at: Instant, bytes: usize) {
        if self.watched.is_observed() {
            self.unreported = Some((at, bytes));
        }
    }

    /// Reports questions that were read, whether they have an answer or not.
    pub(crate) fn report_questions(&mut self) {
        if let Some((at, bytes)) = self.unreported.take() {
            self.watched.record_at(at, Point::FromClient, bytes);
        }
    }

    /// Reports answers that are handed to the system next.
    pub(crate) fn answers_ready(&mut self, at: Instant, bytes: usize) {
        self.report_questions();
        self.watched.record_at(at, Point::AnswerReady, bytes);
        self.watched.record(Point::ToClient, bytes);
    }
}

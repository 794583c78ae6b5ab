//! Observers of conversations.
//!
//! Without an observer no clock is read for one and nothing is called. Worker processes, whose memory is
//! their own, are not observed.
//!
//! Time spent in an observer is not measured: questions are reported when their answers are ready, and before
//! these are written. So the answer that a client has received is already recorded.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

/// What happens in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Bytes of questions have been read.
    QuestionIn,
    /// Bytes of answers are known.
    AnswerReady,
    /// Bytes of answers are handed to the system.
    AnswerOut,
}

/// Observes the clients that the server accepts.
pub trait Observer: Debug + Send + Sync {
    /// A client has been accepted at the address `local`. The clock was read just after `accept()`. The returned
    /// watcher observes the client's conversation and is dropped at its end.
    fn accepted(&self, at: Instant, client: SocketAddr, local: SocketAddr) -> Option<Box<dyn Watcher>>;
}

/// Observes one client's conversation. The thread that serves it makes the calls, so a watcher should write into memory of
/// its own.
pub trait Watcher: Debug + Send {
    /// Records that `bytes` were at `point`. The clock was read just after reading them, when they were known,
    /// or just before handing them on; the call itself may come later. Returns whether there should be more calls.
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool;
}

/// The watcher of one conversation, if there is one, and what it has not been told yet.
#[derive(Debug)]
pub(crate) struct Watched {
    watcher: Option<Box<dyn Watcher>>,
    /// When questions were read whose answers are not ready, and how many bytes.
    unreported: Option<(Instant, usize)>,
}

impl Watched {
    pub(crate) fn by(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self { watcher, unreported: None }
    }

    /// Takes note of questions, to report them when the clock has been read for their answers.
    pub(crate) fn questions_read(&mut self, at: Instant, bytes: usize) {
        if self.watcher.is_some() {
            self.unreported = Some((at, bytes));
        }
    }

    /// Reports questions that were read, whether they have an answer or not.
    pub(crate) fn report_questions(&mut self) {
        if let Some((at, bytes)) = self.unreported.take() {
            self.record(at, Point::QuestionIn, bytes);
        }
    }

    /// Reports answers that are handed to the system next.
    pub(crate) fn answers_ready(&mut self, at: Instant, bytes: usize) {
        self.report_questions();
        if self.watcher.is_some() {
            self.record(at, Point::AnswerReady, bytes);
            self.record(Instant::now(), Point::AnswerOut, bytes);
        }
    }

    fn record(&mut self, at: Instant, point: Point, bytes: usize) {
        if self.watcher.as_mut().is_some_and(|watcher| !watcher.record(at, point, bytes)) {
            self.watcher = None;
        }
    }
}

//! Who watches conversations, if anybody does.
//!
//! A server does not know who it is, nor what for. Without an observer no clock is read for it and nothing
//! is called. Worker processes, whose memory is their own, are not watched.

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

/// Is told of clients as they come.
pub trait Observer: Debug + Send + Sync {
    /// A client has been let in. Whoever is returned watches it, and is dropped when it has gone.
    fn came(&self, client: SocketAddr) -> Option<Box<dyn Watcher>>;
}

/// Watches one client's conversation.
pub trait Watcher: Debug + Send {
    /// So many bytes are at that point. `at` was read just after reading them, or just before handing them
    /// on. It returns whether it wants to be told more.
    fn saw(&mut self, at: Instant, point: Point, bytes: usize) -> bool;
}

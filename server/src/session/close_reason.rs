//! Why a session ended, as the log says it.

use std::fmt;
use std::io;

use launcelot_endpoint::failure::one_line;

/// Why a session ended.
#[derive(Debug)]
pub(crate) enum CloseReason {
    /// The client closed the connection or its writing side (end of stream).
    Disconnected,
    /// The connection was reset or failed in another way.
    Failed(io::Error),
    /// The client sent [`QUESTION_MAX_BYTES`](launcelot_protocol::exchange::QUESTION_MAX_BYTES) bytes without a `?`.
    QuestionTooLong,
    /// No byte was read or written for longer than the idle timeout.
    Idle,
    /// The server stopped and the session had not ended within the grace period.
    Stopped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => formatter.write_str("client disconnected"),
            Self::Failed(error) => write!(formatter, "connection failed ({})", one_line(error)),
            Self::QuestionTooLong => formatter.write_str("connection closed, the question was too long"),
            Self::Idle => formatter.write_str("connection closed after the idle timeout"),
            Self::Stopped => formatter.write_str("connection closed after the grace period"),
        }
    }
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

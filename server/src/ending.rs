//! How a conversation ended, and what the log says about it.

use std::fmt;
use std::io;

use launcelot_endpoint::failure::one_line;

/// How a conversation ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client has closed, or has said that it asks nothing more.
    Left,
    /// The connection was reset, or broke in another way.
    Broken(io::Error),
    /// Too many bytes without a `?`.
    QuestionTooLong,
    /// Nothing moved for longer than the idle timeout.
    Idle,
    /// The server stops, and the grace was not enough.
    Cut,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => formatter.write_str("the client left"),
            Self::Broken(error) => write!(formatter, "the connection broke ({})", one_line(error)),
            Self::QuestionTooLong => formatter.write_str("the client was sent away, its question was too long"),
            Self::Idle => formatter.write_str("the client was silent for too long"),
            Self::Cut => formatter.write_str("the server stopped"),
        }
    }
}

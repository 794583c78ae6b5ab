//! The policy for errors of `accept(2)`: retry, pause, or give up.

use std::io;
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use rustix::io::Errno;

use crate::error::ServeError;

/// The pause when the system is short of descriptors or memory. Twenty attempts a second cost next to nothing.
const PAUSE: Duration = Duration::from_millis(50);

/// The least time between two warnings about a shortage.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// The accept errors of one acceptor.
#[derive(Debug, Clone, Default)]
pub(crate) struct AcceptErrors {
    last_warning: Option<Instant>,
}

impl AcceptErrors {
    /// Returns the pause before the next attempt, or `None` to retry at once.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError::Accept`] if the listener will never work again.
    pub(crate) fn pause_after(&mut self, error: io::Error) -> Result<Option<Duration>, ServeError> {
        match Errno::from_io_error(&error) {
            // The client has disconnected already, or another thread has accepted the connection.
            Some(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => Ok(None),
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP | Errno::FAULT) => {
                Err(ServeError::Accept(error))
            }
            // Out of descriptors or memory, or a network error (accept(2) lists a dozen).
            _ => Ok(Some(self.pause_for_shortage(&error))),
        }
    }

    /// Logs a warning, unless there was one a moment ago, and returns the pause before the next attempt.
    pub(crate) fn pause_for_shortage(&mut self, error: &io::Error) -> Duration {
        if self.last_warning.is_none_or(|last| last.elapsed() > WARNING_INTERVAL) {
            self.last_warning = Some(Instant::now());
            tracing::warn!("cannot accept a connection, clients have to wait: {}", one_line(error));
        }
        PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_the_listener_itself_are_fatal() {
        let pause_after = |errno: Errno| AcceptErrors::default().pause_after(errno.into());
        for errno in [Errno::AGAIN, Errno::INTR, Errno::CONNABORTED, Errno::PROTO] {
            assert!(matches!(pause_after(errno), Ok(None)), "{errno:?}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::NETDOWN, Errno::PERM] {
            assert!(matches!(pause_after(errno), Ok(Some(PAUSE))), "{errno:?}");
        }
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            assert!(matches!(pause_after(errno), Err(ServeError::Accept(_))), "{errno:?}");
        }
    }
}

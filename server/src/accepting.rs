//! What to do when a connection cannot be accepted.

use std::io;
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use rustix::io::Errno;

use crate::ServeError;

/// How long to wait when the system is short of something. The client waits as long at most, and
/// twenty attempts a second cost nothing.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a shortage is worth a warning.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// The errors of one server's listeners.
#[derive(Debug, Clone, Default)]
pub(crate) struct AcceptErrors {
    warned: Option<Instant>,
}

impl AcceptErrors {
    /// Judges an error of `accept(2)`: `None` to go on at once, or how long to wait before.
    ///
    /// # Errors
    ///
    /// [`ServeError::Accept`] if the listener will never work again.
    pub(crate) fn pause_after(&mut self, error: io::Error) -> Result<Option<Duration>, ServeError> {
        match Errno::from_io_error(&error) {
            // The client has left again, or another thread was faster.
            Some(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => Ok(None),
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP | Errno::FAULT) => {
                Err(ServeError::Accept(error))
            }
            // Out of descriptors or memory, or an error of the network (accept(2) lists a dozen).
            _ => Ok(Some(self.pause_for_shortage(&error))),
        }
    }

    /// Warns that the system is short of something, though not too often, and says how long to wait
    /// before another attempt.
    pub(crate) fn pause_for_shortage(&mut self, error: &io::Error) -> Duration {
        if self.warned.is_none_or(|warned| warned.elapsed() > WARNING_INTERVAL) {
            self.warned = Some(Instant::now());
            tracing::warn!("a client has to wait, for it cannot be accepted: {}", one_line(error));
        }
        PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_listener_ends_a_server() {
        let at_once = [Errno::AGAIN, Errno::INTR, Errno::CONNABORTED, Errno::PROTO];
        let after_a_pause = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::NETDOWN, Errno::PERM];
        let never = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK];
        let judged = |errno: Errno| AcceptErrors::default().pause_after(errno.into());
        assert!(at_once.into_iter().all(|errno| matches!(judged(errno), Ok(None))));
        assert!(after_a_pause.into_iter().all(|errno| matches!(judged(errno), Ok(Some(PAUSE)))));
        assert!(never.into_iter().all(|errno| matches!(judged(errno), Err(ServeError::Accept(_)))));
    }
}

//! What to do when `accept(2)` fails.
//!
//! [`AcceptErrors`] decides, without I/O, for any accept loop. [`Acceptor`] is the accept loop for tokio,
//! and [`accept_within`] that of listeners which are not TCP's.

mod acceptor;

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::failure::one_line;

pub use acceptor::{Accepted, Acceptor, accept_within};

/// The first pause of a shortage. Each further pause is twice as long as the one before.
pub const PAUSE_MIN: Duration = Duration::from_millis(5);

/// Maximum pause, and so the longest that a client waits after the end of a shortage.
pub const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Maximum time between two successive failures of the same shortage. Only the first failure of a shortage is logged.
const SHORTAGE_GAP: Duration = Duration::from_secs(10);

/// When to call `accept(2)` again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At once, or when the listener is next readable: the error concerns a single connection, or no connection was waiting.
    AtOnce,
    /// After this pause: the system is short of descriptors or memory, or the error is not known.
    After(Duration),
    /// Never: the descriptor does not listen.
    Never,
}

/// The errors of one accept loop.
#[derive(Debug, Clone, Default)]
pub struct AcceptErrors {
    shortage: Option<Shortage>,
}

#[derive(Debug, Clone, Copy)]
struct Shortage {
    last_failure: Instant,
    next_pause: Duration,
}

impl AcceptErrors {
    /// Notes that a connection was accepted, so that the next pause is short again.
    pub fn accepted(&mut self) {
        if let Some(shortage) = &mut self.shortage {
            shortage.next_pause = PAUSE_MIN;
        }
    }

    /// Returns when to call `accept(2)` again after it has failed with `error`.
    pub fn failed(&mut self, error: &io::Error, now: Instant) -> Retry {
        match Errno::from_io_error(error) {
            Some(errno) if is_of_one_connection(errno) => Retry::AtOnce,
            Some(Errno::BADF | Errno::NOTSOCK | Errno::INVAL | Errno::FAULT) => Retry::Never,
            _ => Retry::After(self.pause(error, now)),
        }
    }

    /// Returns how long to pause because of a shortage. It may be one that another call than `accept(2)` reported, such as the
    /// start of a thread. Logs the first failure of a shortage.
    pub fn pause(&mut self, error: &io::Error, now: Instant) -> Duration {
        let shortage = self.shortage_at(now);
        if shortage.is_none() {
            tracing::warn!("cannot accept connections, trying again: {}", one_line(error));
        }
        let pause = shortage.map_or(PAUSE_MIN, |shortage| shortage.next_pause);
        self.shortage = Some(Shortage { last_failure: now, next_pause: (pause * 2).min(PAUSE_MAX) });
        pause
    }

    /// Returns the current shortage if a failure at `now` continues it, or `None` if it begins another one.
    fn shortage_at(&self, now: Instant) -> Option<Shortage> {
        self.shortage.filter(|shortage| now.saturating_duration_since(shortage.last_failure) <= SHORTAGE_GAP)
    }
}

/// Whether the listener still works after this error: no connection was waiting after all, or only the waiting connection has
/// failed. Linux reports the network errors of a waiting connection as errors of accept(2).
fn is_of_one_connection(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::AGAIN
            | Errno::INTR
            | Errno::CONNABORTED
            | Errno::CONNREFUSED
            | Errno::CONNRESET
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::NONET
            | Errno::NOPROTOOPT
            | Errno::PROTO
            | Errno::TIMEDOUT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_one_connection_is_followed_by_the_next_accept_at_once() {
        for errno in [Errno::AGAIN, Errno::INTR, Errno::CONNABORTED, Errno::CONNRESET, Errno::PROTO, Errno::NETDOWN] {
            assert_eq!(AcceptErrors::default().failed(&errno.into(), Instant::now()), Retry::AtOnce, "{errno:?}");
        }
    }

    #[test]
    fn a_shortage_and_an_unknown_error_are_followed_by_a_pause() {
        let unknown = io::Error::other("unknown");
        let short = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::PERM, Errno::OPNOTSUPP];
        for error in short.map(io::Error::from).into_iter().chain([unknown]) {
            let retry = AcceptErrors::default().failed(&error, Instant::now());
            assert_eq!(retry, Retry::After(PAUSE_MIN), "{error:?}");
        }
    }

    #[test]
    fn accept_is_not_retried_on_a_descriptor_that_does_not_listen() {
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            assert_eq!(AcceptErrors::default().failed(&errno.into(), Instant::now()), Retry::Never, "{errno:?}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_bound_until_a_connection_is_accepted() {
        let mut errors = AcceptErrors::default();
        let now = Instant::now();
        let mut pause = || errors.pause(&Errno::MFILE.into(), now);
        let pauses: Vec<Duration> = (0..8).map(|_| pause()).collect();
        let milliseconds: Vec<u128> = pauses.iter().map(Duration::as_millis).collect();
        assert_eq!(milliseconds, [5, 10, 20, 40, 80, 160, 200, 200]);
        errors.accepted();
        assert_eq!(errors.pause(&Errno::MFILE.into(), now), PAUSE_MIN);
    }

    #[test]
    fn failures_that_are_not_far_apart_belong_to_one_shortage_which_is_logged_once() {
        let mut errors = AcceptErrors::default();
        let began = Instant::now();
        let mut first_of_a_shortage = Vec::new();
        for second in [0, 1, 2, 12, 30] {
            let now = began + Duration::from_secs(second);
            if errors.shortage_at(now).is_none() {
                first_of_a_shortage.push(second);
            }
            errors.failed(&Errno::MFILE.into(), now);
            errors.accepted();
        }
        assert_eq!(first_of_a_shortage, [0, 30]);
    }
}

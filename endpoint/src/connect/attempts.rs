//! The schedule of attempts to connect to several addresses, without I/O.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The time after the start of an attempt at which the next address is tried as well (RFC 8305, section 5: the Connection
/// Attempt Delay).
pub const HEAD_START: Duration = Duration::from_millis(250);

/// Decides, without I/O, which of several addresses a program tries to connect to at which time.
///
/// ```
/// use std::time::Instant;
/// use launcelot_endpoint::connect::{Attempts, HEAD_START};
///
/// let addresses = ["[2001:db8::1]:80", "192.0.2.1:80"].map(|address| address.parse().unwrap());
/// let mut attempts = Attempts::new(addresses);
/// let now = Instant::now();
/// assert_eq!(attempts.start_next(now), Some(addresses[0]));
/// assert_eq!(attempts.start_next(now), None);
/// assert_eq!(attempts.next_at(), Some(now + HEAD_START));
/// assert_eq!(attempts.start_next(now + HEAD_START), Some(addresses[1]));
/// ```
#[derive(Debug)]
pub struct Attempts {
    waiting: VecDeque<SocketAddr>,
    under_way: usize,
    /// The end of the newest attempt's head start.
    next_at: Option<Instant>,
    first_failure: Option<io::Error>,
}

impl Attempts {
    /// Creates the schedule for `addresses`, which are tried in the given order, but with alternating families (RFC 8305,
    /// section 4).
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { waiting: alternate_families(addresses), under_way: 0, next_at: None, first_failure: None }
    }

    /// Returns an address to which the caller should start to connect at `now`, and counts the attempt as started. The caller
    /// repeats this until it returns `None`.
    pub fn start_next(&mut self, now: Instant) -> Option<SocketAddr> {
        if self.next_at.is_some_and(|at| now < at) {
            return None;
        }
        let address = self.waiting.pop_front()?;
        self.under_way += 1;
        self.next_at = Some(now + HEAD_START);
        Some(address)
    }

    /// Returns when [`start_next`](Self::start_next) will return another address, unless an attempt fails before. `None` if
    /// all attempts have been started, or if the next one may start now.
    pub fn next_at(&self) -> Option<Instant> {
        if self.waiting.is_empty() { None } else { self.next_at }
    }

    /// Notes that an attempt has failed. The next one may start at once.
    pub fn failed(&mut self, error: io::Error) {
        self.under_way = self.under_way.saturating_sub(1);
        self.next_at = None;
        self.first_failure.get_or_insert(error);
    }

    /// Returns the error of the attempt that failed first, once all have failed. Without any address, returns
    /// [`io::ErrorKind::NotFound`].
    pub fn exhausted(&mut self) -> Option<io::Error> {
        if self.under_way > 0 || !self.waiting.is_empty() {
            return None;
        }
        let no_address = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        Some(self.first_failure.take().unwrap_or_else(no_address))
    }
}

fn alternate_families(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut rest: VecDeque<SocketAddr> = addresses.into_iter().collect();
    let mut ordered: VecDeque<SocketAddr> = VecDeque::with_capacity(rest.len());
    while !rest.is_empty() {
        let last = ordered.back();
        let other_family = rest.iter().position(|address| last.is_some_and(|last| last.is_ipv6() != address.is_ipv6()));
        ordered.extend(rest.remove(other_family.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 80)).collect()
    }

    #[test]
    fn families_alternate_and_the_first_address_stays_first() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"], &["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"]),
            (&["1.1.1.1", "2.2.2.2", "::1"], &["1.1.1.1", "::1", "2.2.2.2"]),
            (&["::1", "::2"], &["::1", "::2"]),
            (&[], &[]),
        ];
        for (given, expected) in cases {
            assert_eq!(alternate_families(addresses(given)), addresses(expected), "{given:?}");
        }
    }

    #[test]
    fn the_next_attempt_may_start_at_once_after_a_failure() {
        let all = addresses(&["::1", "1.1.1.1", "::2"]);
        let mut attempts = Attempts::new(all.iter().copied());
        let now = Instant::now();
        assert_eq!(attempts.start_next(now), Some(all[0]));
        attempts.failed(io::ErrorKind::ConnectionRefused.into());
        assert_eq!(attempts.start_next(now), Some(all[1]));
        assert_eq!(attempts.start_next(now), None);
        assert_eq!(attempts.next_at(), Some(now + HEAD_START));
        assert_eq!(attempts.start_next(now + HEAD_START), Some(all[2]));
        assert_eq!(attempts.next_at(), None);
    }

    #[test]
    fn attempts_are_exhausted_once_the_last_has_failed() {
        let mut attempts = Attempts::new(addresses(&["::1", "1.1.1.1"]));
        let now = Instant::now();
        let started = [attempts.start_next(now), attempts.start_next(now + HEAD_START)];
        assert!(started.iter().all(Option::is_some));
        attempts.failed(io::ErrorKind::ConnectionRefused.into());
        assert!(attempts.exhausted().is_none());
        attempts.failed(io::ErrorKind::HostUnreachable.into());
        assert_eq!(attempts.exhausted().map(|error| error.kind()), Some(io::ErrorKind::ConnectionRefused));
    }
}

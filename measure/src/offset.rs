//! The offset between the hops' clock and the client's, derived from causality alone.
//!
//! A question was sent before a hop saw it, and a hop saw the answer before it arrived. Each such pair of moments bounds the offset
//! from one side, and all pairs of a dialogue bound the same offset.

use std::time::Duration;

/// A request and its reply, with the moments at which client and hops had them, each by its own clock. The client's moments are the
/// measured ones, without an attributed handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// When the client sent, by the client's clock.
    pub(crate) sent: Duration,
    /// When a hop saw the request first, by the hops' clock.
    pub(crate) first_seen: Duration,
    /// The reply; `None` if none arrived, or no hop saw it.
    pub(crate) reply: Option<Reply>,
}

/// A reply that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// When a hop saw the reply last, by the hops' clock.
    pub(crate) last_seen: Duration,
    /// When the reply arrived, by the client's clock.
    pub(crate) received: Duration,
}

/// The offsets that exchanges allow, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    at_least: Option<i64>,
    at_most: Option<i64>,
}

/// The difference that converts a moment of the hops' clock to client time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset {
    nanos: i64,
    /// The offset is known to plus or minus this.
    pub(crate) uncertainty: Duration,
}

/// Why the offset is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownOffset {
    /// No hop saw a request.
    Unobserved,
    /// No hop saw a reply that arrived. A request alone says how early a hop may have seen it, but not how late.
    Unbounded,
    /// No offset satisfies all bounds: one of the clocks drifted or was set during the dialogue.
    Contradictory,
}

impl Bounds {
    /// Returns the bounds on the offset that all exchanges set together.
    pub(crate) fn of(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let mut bounds = Self::default();
        for Exchange { sent, first_seen, reply } in exchanges {
            let at_least = signed(sent).saturating_sub(signed(first_seen));
            bounds.at_least = Some(bounds.at_least.map_or(at_least, |known| known.max(at_least)));
            if let Some(Reply { last_seen, received }) = reply {
                let at_most = signed(received).saturating_sub(signed(last_seen));
                bounds.at_most = Some(bounds.at_most.map_or(at_most, |known| known.min(at_most)));
            }
        }
        bounds
    }

    /// Returns the middle of all offsets that the bounds allow. Each bound is a difference of two readings, which
    /// may be wrong by up to `steps`, the sum of both clocks' steps.
    ///
    /// # Errors
    ///
    /// See [`UnknownOffset`].
    pub(crate) fn offset(self, steps: Duration) -> Result<Offset, UnknownOffset> {
        let at_least = self.at_least.ok_or(UnknownOffset::Unobserved)?;
        let at_most = self.at_most.ok_or(UnknownOffset::Unbounded)?;
        let width = at_most.saturating_sub(at_least).saturating_add(signed(steps).saturating_mul(2));
        if width < 0 {
            return Err(UnknownOffset::Contradictory);
        }
        let uncertainty = Duration::from_nanos(width.unsigned_abs().div_ceil(2));
        Ok(Offset { nanos: i64::midpoint(at_least, at_most), uncertainty })
    }

    /// Returns the earliest client time that a moment of the hops' clock may have; `None` if nothing bounds it.
    pub(crate) fn earliest(self, at: Duration) -> Option<Duration> {
        let earliest = signed(at).saturating_add(self.at_least?);
        Some(Duration::from_nanos(u64::try_from(earliest).unwrap_or_default()))
    }
}

impl Offset {
    /// Converts a moment of the hops' clock to client time; zero if it was before the run began.
    pub(crate) fn to_client_time(self, at: Duration) -> Duration {
        Duration::from_nanos(u64::try_from(signed(at).saturating_add(self.nanos)).unwrap_or_default())
    }
}

/// Returns nanoseconds, at most 292 years of them.
fn signed(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn exchange([sent, first_seen, last_seen, received]: [u64; 4]) -> Exchange {
        let [sent, first_seen, last_seen, received] = [sent, first_seen, last_seen, received].map(us);
        Exchange { sent, first_seen, reply: Some(Reply { last_seen, received }) }
    }

    #[test]
    fn all_exchanges_bound_one_offset() {
        // The first exchange allows offsets from 90 to 120 µs, the second from 100 to 160 µs.
        let exchanges = [exchange([100, 10, 80, 200]), exchange([300, 200, 240, 400])];
        let offset = Bounds::of(exchanges).offset(Duration::ZERO).unwrap();
        assert_eq!((offset.to_client_time(us(50)), offset.uncertainty), (us(160), us(10)));
    }

    #[test]
    fn a_hop_clock_ahead_of_the_client_clock_gives_a_negative_offset() {
        let offset = Bounds::of([exchange([100, 1_010, 1_080, 200])]).offset(us(5)).unwrap();
        assert_eq!(
            (offset.to_client_time(us(1_010)), offset.to_client_time(us(1_080)), offset.uncertainty),
            (us(115), us(185), us(20))
        );
        assert_eq!(offset.to_client_time(us(3)), Duration::ZERO, "before the run began");
    }

    #[test]
    fn bounds_that_meet_only_within_the_steps_of_the_clocks_still_give_an_offset() {
        // The first exchange allows offsets from 90 to 100 µs, the second from 104 to 160 µs.
        let exchanges = [exchange([100, 10, 100, 200]), exchange([304, 200, 240, 400])];
        let offset = Bounds::of(exchanges).offset(us(3)).unwrap();
        assert_eq!((offset.to_client_time(us(0)), offset.uncertainty), (us(102), us(1)));
        assert_eq!(Bounds::of(exchanges).offset(us(1)), Err(UnknownOffset::Contradictory));
    }

    #[test]
    fn no_exchange_gives_no_offset() {
        assert_eq!(Bounds::of([]).offset(us(1)), Err(UnknownOffset::Unobserved));
    }

    #[test]
    fn a_request_without_a_reply_bounds_the_offset_from_one_side_only() {
        let unanswered = Exchange { sent: us(100), first_seen: us(10), reply: None };
        let bounds = Bounds::of([unanswered]);
        assert_eq!(bounds.offset(us(1)), Err(UnknownOffset::Unbounded));
        assert_eq!((bounds.earliest(us(30)), Bounds::default().earliest(us(30))), (Some(us(120)), None));
        let answered = exchange([50, 0, 20, 130]);
        assert_eq!(Bounds::of([unanswered, answered]).offset(us(0)).unwrap().uncertainty, us(10));
    }
}

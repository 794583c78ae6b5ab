//! The offset between the hops' clock and the client's, derived from causality alone.
//!
//! A question was sent before a hop saw it, and a hop saw the answer before it arrived. Each such pair of moments bounds the offset
//! from one side, and all pairs of a dialogue bound the same offset.

use std::time::Duration;

/// A request and its reply: the client's times by its clock, and the hops' times by theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// When the client sent, by the client's clock.
    pub(crate) sent: Duration,
    /// When a hop saw the request first, by the hops' clock.
    pub(crate) first_seen: Duration,
    /// When a hop saw the reply last, by the hops' clock; `None` if no hop saw the reply.
    pub(crate) last_seen: Option<Duration>,
    /// When the reply arrived, by the client's clock.
    pub(crate) received: Duration,
}

/// The difference that converts a moment of the hops' clock to client time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset {
    nanos: i64,
    /// The offset is known to plus or minus this.
    pub(crate) uncertainty: Duration,
}

/// No offset satisfies all bounds: one of the clocks drifted or was set during the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contradiction;

impl Offset {
    /// Returns the middle of all offsets that the exchanges allow. `steps` is the sum of both clocks' steps, by which a difference
    /// between their readings may be off. `None` if there is no exchange.
    ///
    /// # Errors
    ///
    /// [`Contradiction`], if no offset fits all exchanges.
    pub(crate) fn of(
        exchanges: impl IntoIterator<Item = Exchange>,
        steps: Duration,
    ) -> Result<Option<Self>, Contradiction> {
        let mut bounds = None;
        for exchange in exchanges {
            let (at_least, at_most) = bounds.unwrap_or((i64::MIN, i64::MAX));
            let sent = signed(exchange.sent).saturating_sub(signed(exchange.first_seen));
            let received = exchange.last_seen.map(|last| signed(exchange.received).saturating_sub(signed(last)));
            bounds = Some((at_least.max(sent), at_most.min(received.unwrap_or(i64::MAX))));
        }
        let Some((at_least, at_most)) = bounds else { return Ok(None) };
        let width = at_most.saturating_sub(at_least).saturating_add(signed(steps).saturating_mul(2));
        if width < 0 {
            return Err(Contradiction);
        }
        let uncertainty = Duration::from_nanos(width.unsigned_abs().div_ceil(2));
        Ok(Some(Self { nanos: i64::midpoint(at_least, at_most), uncertainty }))
    }

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
        Exchange { sent, first_seen, last_seen: Some(last_seen), received }
    }

    #[test]
    fn all_exchanges_bound_one_offset() {
        // The first allows 90 to 120 µs, the second 100 to 160 µs.
        let exchanges = [exchange([100, 10, 80, 200]), exchange([300, 200, 240, 400])];
        let offset = Offset::of(exchanges, Duration::ZERO).unwrap().unwrap();
        assert_eq!((offset.to_client_time(us(50)), offset.uncertainty), (us(160), us(10)));
    }

    #[test]
    fn a_hop_clock_ahead_of_the_client_clock_gives_a_negative_offset() {
        let offset = Offset::of([exchange([100, 1_010, 1_080, 200])], us(5)).unwrap().unwrap();
        assert_eq!(
            (offset.to_client_time(us(1_010)), offset.to_client_time(us(1_080)), offset.uncertainty),
            (us(115), us(185), us(20))
        );
        assert_eq!(offset.to_client_time(us(3)), Duration::ZERO, "before the run began");
    }

    #[test]
    fn bounds_that_meet_only_within_the_steps_of_the_clocks_still_give_an_offset() {
        // The first allows 90 to 100 µs, the second 104 µs and more.
        let exchanges = [exchange([100, 10, 100, 200]), exchange([304, 200, 240, 400])];
        let offset = Offset::of(exchanges, us(3)).unwrap().unwrap();
        assert_eq!((offset.to_client_time(us(0)), offset.uncertainty), (us(102), us(1)));
        assert_eq!(Offset::of(exchanges, us(1)), Err(Contradiction));
    }

    #[test]
    fn no_exchange_gives_no_offset() {
        assert_eq!(Offset::of([], us(1)), Ok(None));
    }
}

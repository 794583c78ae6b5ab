//! Connecting (the opening of a connection), divided into legs as the path of a question is.

use std::time::Duration;

use crate::legs::Leg;
use crate::offset::{Exchange, Offset, Reply};
use crate::run::{Run, Span};
use crate::trace::{ConnectPoint, Trace};

/// The moments at which connecting passed each point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connecting {
    span: Span,
    /// The end of connecting as the client measured it, without an attributed handshake.
    measured_until: Duration,
    passed: [Option<Duration>; ConnectPoint::ALL.len()],
    offset: Option<Offset>,
}

impl Connecting {
    /// Finds the moments in a trace; `None` if the run has no connection, or no hop recorded how it was opened.
    pub(crate) fn of(run: &Run, trace: &Trace) -> Option<Self> {
        let span = run.connecting?;
        let mut passed = [None; ConnectPoint::ALL.len()];
        for event in &trace.connecting {
            // The first event at a point counts, because a bridge may try several addresses.
            passed[event.point as usize].get_or_insert(event.at);
        }
        let measured_until = span.until.saturating_sub(run.attributed_handshake.unwrap_or_default());
        passed.iter().any(Option::is_some).then_some(Self { span, measured_until, passed, offset: None })
    }

    /// Returns this value with the offset that converts its moments to client time.
    pub(crate) fn with_offset(self, offset: Offset) -> Self {
        Self { offset: Some(offset), ..self }
    }

    /// Returns connecting as a request and a reply, which bound the offset between the two clocks.
    pub(crate) fn exchange(&self) -> Option<Exchange> {
        let first_seen = self.passed.iter().flatten().min()?;
        // A server may accept a connection long after its kernel did, so only the bridge's response is certainly before the end.
        let reply =
            self.at(ConnectPoint::UpgradeOut).map(|last_seen| Reply { last_seen, received: self.measured_until });
        Some(Exchange { sent: self.span.from, first_seen: *first_seen, reply })
    }

    /// Returns when connecting passed `point`, by the hops' clock; `None` if no hop recorded it.
    pub fn at(&self, point: ConnectPoint) -> Option<Duration> {
        self.passed[point as usize]
    }

    /// Returns the recorded points with their moments in client time; none if the clocks are not related. The moment of
    /// [`ServerAccepted`](ConnectPoint::ServerAccepted) may be after the end of connecting.
    pub fn moments(&self) -> Vec<(ConnectPoint, Duration)> {
        let Some(offset) = self.offset else { return Vec::new() };
        let passed = ConnectPoint::ALL.into_iter().zip(self.passed);
        passed.filter_map(|(point, at)| Some((point, offset.to_client_time(at?)))).collect()
    }

    /// Returns the legs of connecting, one after the other without a gap: they add up to the duration of connecting.
    pub fn legs(&self) -> Vec<(Leg, Span)> {
        use ConnectPoint::{ConnectBegun, ConnectDone, UpgradeIn, UpgradeOut};
        if self.at(UpgradeIn).is_none() && self.at(ConnectBegun).is_none() {
            // Without a bridge, all of connecting is the client's own connect().
            return vec![(Leg::Connect, self.span)];
        }
        let (Some(offset), Some(first)) = (self.offset, self.at(UpgradeIn)) else {
            return vec![(Leg::Unknown, self.span)];
        };
        let mut legs = vec![(Leg::Client, self.span.from)];
        let mut last = first;
        let ends = [(ConnectBegun, Leg::Bridge), (ConnectDone, Leg::Connect), (UpgradeOut, Leg::Bridge)];
        for (point, leg) in ends {
            legs.push((self.at(point).map_or(Leg::Unknown, |_| leg), offset.to_client_time(last)));
            let Some(at) = self.at(point) else { return spans(&legs, self.span) };
            last = at.max(last);
        }
        legs.push((Leg::Client, offset.to_client_time(last)));
        spans(&legs, self.span)
    }

    /// Returns the total time of all legs of the kind `leg`; `None` if connecting has none of that kind.
    pub fn took(&self, leg: Leg) -> Option<Duration> {
        let legs = self.legs();
        let of_that_kind = legs.iter().filter(|(kind, _)| *kind == leg).map(|(_, span)| span.took());
        of_that_kind.reduce(|sum, took| sum + took)
    }
}

/// Returns the spans of legs from their `begins`: each leg lasts until the next begins, and the last until the end of `whole`.
fn spans(begins: &[(Leg, Duration)], whole: Span) -> Vec<(Leg, Span)> {
    let mut from = whole.from;
    let ends = begins.iter().skip(1).map(|(_, begin)| *begin).chain([whole.until]);
    let spans = begins.iter().zip(ends).map(|((leg, _), end)| {
        let until = end.min(whole.until).max(from);
        let span = Span { from, until };
        from = until;
        (*leg, span)
    });
    spans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::{Clocks, paths};
    use crate::run::Order;
    use crate::step::Step;
    use crate::trace::{ConnectEvent, TraceEvent, TracePoint};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns a run in which connecting takes from 0 to 700 ms, and the one question from 700 to 1,310 ms.
    fn run() -> Run {
        let mut run = Run::new("ws://b/ws/tunnel".to_owned(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(700_000) });
        run.record(Step::Asked { at: us(700_000) });
        run.record(Step::Answered { at: us(1_310_000), answer: "That.".to_owned() });
        run
    }

    fn trace(points: &[(ConnectPoint, u64)]) -> Trace {
        let connecting = points.iter().map(|&(point, at)| ConnectEvent { point, at: us(at) }).collect();
        Trace { connecting, ..Trace::default() }
    }

    const THROUGH_THE_BRIDGE: [(ConnectPoint, u64); 4] = [
        (ConnectPoint::UpgradeIn, 0),
        (ConnectPoint::ConnectBegun, 100),
        (ConnectPoint::ConnectDone, 600_100),
        (ConnectPoint::UpgradeOut, 600_200),
    ];

    fn legs(trace: &Trace) -> Vec<(Leg, Duration)> {
        let paths = paths(&run(), trace);
        let legs = paths.connecting().unwrap().legs();
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), us(700_000));
        assert!(legs.windows(2).all(|pair| pair[0].1.until == pair[1].1.from));
        legs.into_iter().map(|(leg, span)| (leg, span.took())).collect()
    }

    #[test]
    fn connecting_has_legs_like_a_question() {
        let expected = [
            (Leg::Client, us(49_900)),
            (Leg::Bridge, us(100)),
            (Leg::Connect, us(600_000)),
            (Leg::Bridge, us(100)),
            (Leg::Client, us(49_900)),
        ];
        assert_eq!(legs(&trace(&THROUGH_THE_BRIDGE)), expected);
    }

    #[test]
    fn connecting_bounds_the_offset_of_the_whole_dialogue() {
        let mut trace = trace(&THROUGH_THE_BRIDGE);
        // Connecting allows offsets from 0 to 99.8 ms, and the question from 90 to 100 ms.
        let seen = [(TracePoint::ServerIn, 610_000), (TracePoint::AnswerOut, 1_210_000)];
        trace.events = seen.map(|(point, at)| TraceEvent { point, at: us(at), bytes: 5 }).to_vec();
        let paths = paths(&run(), &trace);
        assert_eq!(paths.clocks(), Clocks::Related { uncertainty: us(4_905) });
        assert_eq!(paths.connecting().unwrap().legs()[0].1.took(), us(94_900));
    }

    #[test]
    fn without_a_bridge_connecting_is_one_connect_and_a_late_accept_bounds_nothing() {
        let accepted = [(ConnectPoint::TunnelAccepted, 10), (ConnectPoint::ServerAccepted, 5_000_000)];
        assert_eq!(legs(&trace(&accepted)), [(Leg::Connect, us(700_000))]);
    }

    #[test]
    fn parts_of_connecting_that_no_hop_recorded_are_unknown() {
        assert_eq!(paths(&run(), &trace(&[])).connecting(), None);
        let mut cut = trace(&THROUGH_THE_BRIDGE[..2]);
        let kinds = |trace: &Trace| legs(trace).into_iter().map(|(leg, _)| leg).collect::<Vec<_>>();
        assert_eq!(kinds(&cut), [Leg::Unknown], "nothing bounds the offset from above");
        let seen = [(TracePoint::ServerIn, 610_000), (TracePoint::AnswerOut, 1_210_000)];
        cut.events = seen.map(|(point, at)| TraceEvent { point, at: us(at), bytes: 5 }).to_vec();
        assert_eq!(kinds(&cut), [Leg::Client, Leg::Bridge, Leg::Unknown]);
    }
}

//! Attribution of an emulated link's handshake, which a client cannot measure.
//!
//! A tunnel emulates the round trip that opening a connection costs. Its kernel accepts a client's connection at once, and the tunnel
//! delays the first bytes by that round trip, so the client measures the round trip as a part of the first question. Where the tunnel
//! reports how long the handshake took, that time is moved to connecting. This is attribution: the client's clock did not measure
//! when the handshake ended.

use std::time::Duration;

use crate::paths::paths;
use crate::run::Run;
use crate::trace::{ConnectPoint, Trace, TracePoint};

impl Run {
    /// Moves the tunnel's `handshake` from the first question, answered or not, to connecting: at most the time from sending that question
    /// until the tunnel read it. If no answer relates the clocks, the earliest moment at which the tunnel may have read it counts.
    /// Questions that were sent during the handshake count as sent at its end. The time moved is in
    /// [`attributed_handshake`](Self::attributed_handshake).
    ///
    /// Does nothing if the path has a bridge, because connecting through a bridge contains the handshake already, nor a second time.
    pub fn attribute_handshake(&mut self, trace: &Trace, handshake: Duration) {
        let is_of_a_bridge = trace.connecting.iter().any(|event| event.point == ConnectPoint::UpgradeIn)
            || trace.events.iter().any(|event| event.point == TracePoint::BridgeIn);
        if is_of_a_bridge || self.attributed_handshake.is_some() {
            return;
        }
        let read = paths(self, trace).first_passed(TracePoint::TunnelIn);
        let first = self.questions.first().and_then(|first| Some((first.asked?, first.answered)));
        let (Some(connecting), Some((asked, answered)), Some(read)) = (&mut self.connecting, first, read) else {
            return;
        };
        let read = answered.map_or(read, |answered| read.min(answered));
        let moved = handshake.min(read.saturating_sub(asked));
        if moved.is_zero() {
            return;
        }
        connecting.until += moved;
        let end = asked + moved;
        for question in &mut self.questions {
            if let Some(sent) = question.asked.filter(|sent| *sent < end) {
                question.measured_asked = Some(sent);
                question.asked = Some(end);
            }
        }
        self.attributed_handshake = Some(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breakdown::Breakdown;
    use crate::legs::Leg;
    use crate::paths::{Path, Paths};
    use crate::run::{Order, Span};
    use crate::step::Step;
    use crate::trace::{ConnectEvent, TraceEvent};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    const fn span(from: u64, until: u64) -> Span {
        Span { from: us(from), until: us(until) }
    }

    /// Returns a run over a link with a round trip of 70 ms: it is connected after 50 µs, and the first of two questions takes two
    /// round trips.
    fn run(order: Order) -> Run {
        let mut run = Run::new("localhost port 1061".to_owned(), order, us(1), ["What?", "Why ?"].map(str::to_owned));
        let answered = |at: u64| Step::Answered { at: us(at), answer: "Yes.".to_owned() };
        let after_first = match order {
            Order::OneAtATime => [answered(140_300), Step::Asked { at: us(140_400) }, answered(210_800)],
            Order::SentAhead => [Step::Asked { at: us(120) }, answered(140_300), answered(140_300)],
        };
        let before = [Step::Connected { at: us(50) }, Step::Asked { at: us(100) }];
        before.into_iter().chain(after_first).for_each(|step| run.record(step));
        run
    }

    /// Returns what tunnel and server recorded by their clock, which is 500 µs behind the client's. The tunnel delayed the first bytes
    /// by 70 ms.
    fn trace(order: Order) -> Trace {
        let there =
            [(TracePoint::TunnelIn, 69_560), (TracePoint::ServerIn, 104_600), (TracePoint::TunnelBackOut, 139_780)];
        let seen = |after: u64, bytes: [u64; 2]| {
            there.map(|(point, at)| TraceEvent {
                point,
                at: us(at + after),
                bytes: bytes[usize::from(point.is_of_answers())],
            })
        };
        let events = match order {
            Order::OneAtATime => [seen(0, [5, 4]), seen(70_350, [5, 4])].concat(),
            Order::SentAhead => seen(0, [10, 8]).to_vec(),
        };
        // As trace times are not negative, the clock begins with the accept.
        let connecting = vec![ConnectEvent { point: ConnectPoint::TunnelAccepted, at: Duration::ZERO }];
        Trace { events, connecting, ..Trace::default() }
    }

    #[test]
    fn the_handshake_is_moved_from_the_first_question_to_connecting() {
        let mut run = run(Order::OneAtATime);
        run.attribute_handshake(&trace(Order::OneAtATime), us(69_500));
        let moved = run.attributed_handshake.unwrap();
        assert!((us(69_400)..=us(69_500)).contains(&moved), "{moved:?}");
        assert_eq!(run.connecting, Some(Span { from: us(0), until: us(50) + moved }));
        assert_eq!(run.questions[0].span(), Some(Span { from: us(100) + moved, until: us(140_300) }));
        assert_eq!(run.questions[1].span(), Some(span(140_400, 210_800)), "the second question is as it was measured");
        let paths = paths(&run, &trace(Order::OneAtATime));
        let connecting = paths.connecting().unwrap().legs();
        assert_eq!(connecting, [(Leg::Connect, run.connecting.unwrap())]);
        let breakdown = Breakdown::of(&run, &paths).unwrap();
        assert_eq!(breakdown.waited, us(210_700) - moved);
        // A second time changes nothing.
        let attributed = run.clone();
        run.attribute_handshake(&trace(Order::OneAtATime), us(69_500));
        assert_eq!(run, attributed);
    }

    #[test]
    fn questions_sent_during_the_handshake_count_as_sent_at_its_end() {
        let mut run = run(Order::SentAhead);
        run.attribute_handshake(&trace(Order::SentAhead), us(69_500));
        let moved = run.attributed_handshake.unwrap();
        let asked: Vec<_> = run.questions.iter().map(|question| question.asked).collect();
        assert_eq!(asked, [Some(us(100) + moved); 2]);
        assert!(moved >= us(69_000), "{moved:?}");
    }

    #[test]
    fn at_most_the_time_until_the_tunnel_read_the_question_is_moved() {
        let mut late = run(Order::OneAtATime);
        late.attribute_handshake(&trace(Order::OneAtATime), Duration::from_secs(9));
        assert!(late.attributed_handshake.is_some_and(|moved| moved < us(70_000)), "{:?}", late.attributed_handshake);
        let mut trace = trace(Order::OneAtATime);
        trace.connecting.push(ConnectEvent { point: ConnectPoint::UpgradeIn, at: Duration::ZERO });
        let mut behind_a_bridge = run(Order::OneAtATime);
        behind_a_bridge.attribute_handshake(&trace, us(69_500));
        assert_eq!(behind_a_bridge, run(Order::OneAtATime));
        let mut unwatched = run(Order::OneAtATime);
        unwatched.attribute_handshake(&Trace::default(), us(69_500));
        assert_eq!(unwatched.attributed_handshake, None);
    }

    #[test]
    fn attribution_changes_no_bound_of_the_clocks() {
        for order in [Order::OneAtATime, Order::SentAhead] {
            let measured = run(order);
            let mut attributed = measured.clone();
            attributed.attribute_handshake(&trace(order), us(69_500));
            let [before, after] = [&measured, &attributed].map(|run| paths(run, &trace(order)));
            assert_eq!(before.clocks(), after.clocks(), "{order:?}");
            let moments = |paths: &Paths| paths.questions().iter().map(Path::moments).collect::<Vec<_>>();
            assert_eq!(moments(&before), moments(&after), "{order:?}");
        }
    }

    #[test]
    fn the_handshake_is_attributed_without_an_answer() {
        let questions = ["What?", "Why ?"].map(str::to_owned);
        let mut run = Run::new("localhost port 1061".to_owned(), Order::OneAtATime, us(1), questions);
        run.record(Step::Connected { at: us(50) });
        run.record(Step::Asked { at: us(100) });
        let mut trace = trace(Order::OneAtATime);
        trace.events.truncate(2);
        run.attribute_handshake(&trace, us(69_500));
        // The tunnel accepted after connecting began, and read the question 69,560 µs after that.
        assert_eq!(run.attributed_handshake, Some(us(69_460)));
        let paths = paths(&run, &trace);
        assert_eq!(paths.connecting().unwrap().legs(), [(Leg::Connect, span(0, 69_510))]);
    }
}

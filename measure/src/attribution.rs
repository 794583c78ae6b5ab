//! The handshake of an emulated link, where the asker's kernel could not see it.
//!
//! A tunnel emulates the round trip that a connection costs. To a client of its own its kernel accepts at once, as kernels do,
//! and the tunnel holds the first bytes for that round trip. So the client's clock counts it with its first question. Where the
//! tunnel tells how long it held the connection, that part is moved to connecting, where it belongs: by attribution, as no clock
//! of the client has seen it end.

use std::time::Duration;

use crate::paths::paths;
use crate::run::Run;
use crate::trace::{ConnectPoint, Point, Trace};

impl Run {
    /// Moves the handshake, for which the tunnel held the connection for `held`, from the first question to connecting: at most
    /// what passed from sending that question to the tunnel's reading it. Questions that were sent meanwhile are sent at its
    /// end. How much was moved is in [`attributed_handshake`](Self::attributed_handshake).
    ///
    /// Nothing is moved behind a bridge, whose connecting contains the handshake, nor a second time.
    pub fn attribute_handshake(&mut self, trace: &Trace, handshake: Duration) {
        let is_of_a_bridge = trace.connecting.iter().any(|sighting| sighting.point == ConnectPoint::UpgradeIn)
            || trace.sightings.iter().any(|sighting| sighting.point == Point::BridgeIn);
        if is_of_a_bridge || self.attributed_handshake.is_some() {
            return;
        }
        let paths = paths(self, trace);
        let Some(first) = paths.questions().first() else { return };
        let read = first.moments().into_iter().find(|(point, _)| *point == Point::TunnelIn);
        let (Some(connecting), Some((_, read))) = (&mut self.connecting, read) else { return };
        let asked = first.asked();
        let moved = handshake.min(read.min(asked.until).saturating_sub(asked.from));
        if moved.is_zero() {
            return;
        }
        connecting.until += moved;
        for sent in self.questions.iter_mut().filter_map(|question| question.asked.as_mut()) {
            *sent = (*sent).max(asked.from + moved);
        }
        self.attributed_handshake = Some(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breakdown::Breakdown;
    use crate::legs::Leg;
    use crate::run::{Order, Span};
    use crate::step::Step;
    use crate::trace::{ConnectSighting, Sighting};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    const fn span(from: u64, until: u64) -> Span {
        Span { from: us(from), until: us(until) }
    }

    /// Through 70 ms: connected after 50 µs, while the first of two questions waits for two round trips.
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

    /// The tunnel and the server by their clock, which is 500 µs behind. The tunnel held the connection for 70 ms.
    fn trace(order: Order) -> Trace {
        let there = [(Point::TunnelIn, 69_560), (Point::ServerIn, 104_600), (Point::TunnelBackOut, 139_780)];
        let seen = |after: u64, bytes: [u64; 2]| {
            there.map(|(point, at)| Sighting {
                point,
                at: us(at + after),
                bytes: bytes[usize::from(point.is_of_answers())],
            })
        };
        let sightings = match order {
            Order::OneAtATime => [seen(0, [5, 4]), seen(70_350, [5, 4])].concat(),
            Order::SentAhead => seen(0, [10, 8]).to_vec(),
        };
        // As trace times are not negative, the clock begins with the accept.
        let connecting = vec![ConnectSighting { point: ConnectPoint::TunnelAccepted, at: Duration::ZERO }];
        Trace { sightings, connecting, ..Trace::default() }
    }

    #[test]
    fn the_held_round_trip_belongs_to_connecting_and_not_to_the_first_question() {
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
    fn questions_that_were_sent_during_the_handshake_are_sent_at_its_end() {
        let mut run = run(Order::SentAhead);
        run.attribute_handshake(&trace(Order::SentAhead), us(69_500));
        let moved = run.attributed_handshake.unwrap();
        let asked: Vec<_> = run.questions.iter().map(|question| question.asked).collect();
        assert_eq!(asked, [Some(us(100) + moved); 2]);
        assert!(moved >= us(69_000), "{moved:?}");
    }

    #[test]
    fn no_more_is_moved_than_passed_before_the_tunnel_read_the_question() {
        let mut late = run(Order::OneAtATime);
        late.attribute_handshake(&trace(Order::OneAtATime), Duration::from_secs(9));
        assert!(late.attributed_handshake.is_some_and(|moved| moved < us(70_000)), "{:?}", late.attributed_handshake);
        let mut trace = trace(Order::OneAtATime);
        trace.connecting.push(ConnectSighting { point: ConnectPoint::UpgradeIn, at: Duration::ZERO });
        let mut behind_a_bridge = run(Order::OneAtATime);
        behind_a_bridge.attribute_handshake(&trace, us(69_500));
        assert_eq!(behind_a_bridge, run(Order::OneAtATime));
        let mut unwatched = run(Order::OneAtATime);
        unwatched.attribute_handshake(&Trace::default(), us(69_500));
        assert_eq!(unwatched.attributed_handshake, None);
    }
}

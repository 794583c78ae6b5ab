//! How much of the waiting was whose.

use std::time::Duration;

use crate::run::{Asked, Run, Span};
use crate::trace::Point;
use crate::ways::{Leg, Way};

/// What became of the time from the first question to the last answer.
///
/// Where questions travel together their legs overlap, and a moment that two of them spend alike counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// From the first question to the last answer.
    pub waited: Duration,
    /// How long the server thought; `None` if nobody watched it.
    pub thought: Option<Duration>,
    /// How long the tunnel held something; `None` if there was none on the way.
    pub in_the_tunnel: Option<Duration>,
    legs: [Option<Duration>; Leg::ALL.len()],
}

impl Shares {
    /// Of a run and the ways of its questions; `None` as long as there is no answer.
    pub fn of(run: &Run, ways: &[Way]) -> Option<Self> {
        let waited = run.asking()?.took();
        let asked: Vec<(Span, &Way)> = run.questions.iter().filter_map(Asked::span).zip(ways).collect();
        let legs = Leg::ALL.map(|leg| {
            let all = asked.iter().flat_map(|(span, way)| way.legs(*span));
            union(all.filter(|(kind, _)| *kind == leg).map(|(_, span)| span))
        });
        let between = |from, until| ways.iter().filter_map(move |way| way.span(from, until));
        let held = between(Point::TunnelIn, Point::TunnelOut).chain(between(Point::TunnelBackIn, Point::TunnelBackOut));
        let thought = union(between(Point::ServerIn, Point::AnswerReady));
        Some(Self { waited, thought, in_the_tunnel: union(held), legs })
    }

    /// How long something was on such a leg; `None` if nothing ever was.
    pub fn leg(&self, leg: Leg) -> Option<Duration> {
        self.legs[leg as usize]
    }
}

/// How long at least one of the spans lasted; `None` if there is none.
fn union(spans: impl Iterator<Item = Span>) -> Option<Duration> {
    // They are nearly in order, so that a place is found near the end. What sorts any is a fortieth of a small page.
    let mut sorted: Vec<Span> = Vec::new();
    for span in spans {
        let place = sorted.iter().rposition(|other| other.from <= span.from).map_or(0, |before| before + 1);
        sorted.insert(place, span);
    }
    let mut covered = sorted.first()?.from;
    let mut sum = Duration::ZERO;
    for span in sorted {
        sum += span.until.saturating_sub(span.from.max(covered));
        covered = covered.max(span.until);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Order;
    use crate::step::Step;
    use crate::trace::{Sighting, Trace};
    use crate::ways::ways;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Two questions of 5 bytes, answered with 4 and 6, asked at these moments and answered at those.
    fn run(asked: [u64; 2], answered: [u64; 2]) -> Run {
        let mut run = Run::new(String::new(), Order::SentAhead, us(5), ["What?", "Why ?"].map(str::to_owned));
        run.record(Step::Connected { at: us(90) });
        asked.into_iter().for_each(|at| run.record(Step::Asked { at: us(at) }));
        let answers = answered.into_iter().zip(["Yes.", "Never."]);
        answers.for_each(|(at, answer)| run.record(Step::Answered { at: us(at), answer: answer.to_owned() }));
        run
    }

    fn shares(run: &Run, sightings: &[(Point, u64, u64)]) -> Shares {
        let sightings = sightings.iter().map(|&(point, at, bytes)| Sighting { point, at: us(at), bytes }).collect();
        Shares::of(run, &ways(run, &Trace { sightings, ..Trace::default() })).unwrap()
    }

    #[test]
    fn questions_that_travel_together_are_waited_for_once() {
        let way = [
            (Point::BridgeIn, 0, 10),
            (Point::BridgeOut, 2, 10),
            (Point::TunnelIn, 10, 10),
            (Point::TunnelOut, 60, 10),
            (Point::ServerIn, 70, 10),
            (Point::AnswerReady, 74, 10),
            (Point::AnswerOut, 75, 10),
        ];
        let shares = shares(&run([100, 100], [300, 300]), &way);
        assert_eq!((shares.waited, shares.thought, shares.in_the_tunnel), (us(200), Some(us(4)), Some(us(50))));
        assert_eq!([Leg::Bridge, Leg::WireOut, Leg::Server].map(|leg| shares.leg(leg)), [2, 68, 5].map(us).map(Some));
        assert_eq!((shares.leg(Leg::Asker), shares.leg(Leg::WireBack)), (Some(us(125)), None));
    }

    #[test]
    fn questions_that_wait_for_each_other_add_up() {
        let way = [
            (Point::ServerIn, 10, 5),
            (Point::AnswerOut, 14, 4),
            (Point::ServerIn, 110, 5),
            (Point::AnswerOut, 113, 6),
        ];
        let shares = shares(&run([100, 200], [150, 250]), &way);
        assert_eq!((shares.waited, shares.leg(Leg::Server)), (us(150), Some(us(7))));
        assert_eq!((shares.thought, shares.in_the_tunnel), (None, None));
    }

    #[test]
    fn what_nobody_watched_has_no_share() {
        let shares = shares(&run([100, 200], [150, 250]), &[]);
        assert_eq!((shares.leg(Leg::Unknown), shares.leg(Leg::Server)), (Some(us(100)), None));
    }
}

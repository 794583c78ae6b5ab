//! How much of the waiting was whose.

use std::time::Duration;

use crate::legs::Leg;
use crate::paths::{Clocks, Paths};
use crate::reading::Reading;
use crate::run::{Run, Span};
use crate::trace::Point;

/// What became of the time from the first question to the last answer.
///
/// Where questions travel together their legs overlap, so each moment is given to the oldest question that had no answer
/// yet: it is the one that the asker waited for. The legs add up to what was waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// From the first question to the last answer.
    pub waited: Duration,
    /// How long the server thought, by its own clock; `None` if it was not watched.
    pub thought: Option<Duration>,
    /// How long the tunnel held the message that was waited for; `None` if it saw none.
    pub in_the_tunnel: Option<Duration>,
    /// How the hops' clock stands to the asker's.
    pub clocks: Clocks,
    clock_step: Duration,
    legs: [Option<Duration>; Leg::ALL.len()],
}

impl Breakdown {
    /// Of a run and the paths of its questions; `None` as long as there is no answer.
    pub fn of(run: &Run, paths: &Paths) -> Option<Self> {
        let asking = run.asking()?;
        let mut legs = [None; Leg::ALL.len()];
        let mut in_the_tunnel = None;
        let mut add = |leg: Leg, took: Duration| *legs[leg as usize].get_or_insert(Duration::ZERO) += took;
        // Up to this moment the time is given away.
        let mut given = asking.from;
        for path in paths.questions() {
            let rest = |span: Span| Span { from: span.from.max(given), until: span.until.max(given) }.took();
            let asked = path.asked();
            if asked.from > given {
                add(Leg::Asker, asked.from - given);
            }
            for (leg, span) in path.legs() {
                add(leg, rest(span));
            }
            for (from, until) in [(Point::TunnelIn, Point::TunnelOut), (Point::TunnelBackIn, Point::TunnelBackOut)] {
                if let Some(held) = path.laid(from, until) {
                    *in_the_tunnel.get_or_insert(Duration::ZERO) += rest(held);
                }
            }
            given = given.max(asked.until);
        }
        if asking.until > given {
            add(Leg::Unknown, asking.until - given);
        }
        Some(Self {
            waited: asking.took(),
            thought: thought(paths),
            in_the_tunnel,
            clocks: paths.clocks(),
            clock_step: run.clock_step,
            legs,
        })
    }

    /// Which part of what was waited that is: `42 %`. `None` if the asker's clock makes steps that are longer than either.
    pub fn percent(&self, part: Duration) -> Option<String> {
        Reading::new(part, self.clock_step).percent_of(self.waited())
    }

    /// From the first question to the last answer, as the asker's clock knows it.
    pub fn waited(&self) -> Reading {
        Reading::new(self.waited, self.clock_step)
    }

    /// How long the message that was waited for was on such a leg; `None` if none ever was.
    pub fn leg(&self, leg: Leg) -> Option<Duration> {
        self.legs[leg as usize]
    }
}

/// How long the server thought at all: thinking for several questions at once counts once.
fn thought(paths: &Paths) -> Option<Duration> {
    let (mut sum, mut counted) = (None, Duration::ZERO);
    for path in paths.questions() {
        let Some(Span { from, until }) = path.span(Point::ServerIn, Point::AnswerReady) else { continue };
        *sum.get_or_insert(Duration::ZERO) += until.saturating_sub(from.max(counted));
        counted = counted.max(until);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::paths;
    use crate::run::Order;
    use crate::step::Step;
    use crate::trace::{Sighting, Trace};

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

    fn breakdown(run: &Run, sightings: &[(Point, u64, u64)]) -> Breakdown {
        let sightings = sightings.iter().map(|&(point, at, bytes)| Sighting { point, at: us(at), bytes }).collect();
        let breakdown = Breakdown::of(run, &paths(run, &Trace { sightings, ..Trace::default() })).unwrap();
        assert_eq!(Leg::ALL.into_iter().filter_map(|leg| breakdown.leg(leg)).sum::<Duration>(), breakdown.waited);
        breakdown
    }

    #[test]
    fn questions_that_travel_together_are_waited_for_once() {
        let path = [
            (Point::BridgeIn, 0, 10),
            (Point::BridgeOut, 2, 10),
            (Point::TunnelIn, 10, 10),
            (Point::TunnelOut, 60, 10),
            (Point::ServerIn, 70, 10),
            (Point::AnswerReady, 74, 10),
            (Point::AnswerOut, 75, 10),
        ];
        let breakdown = breakdown(&run([100, 100], [300, 300]), &path);
        assert_eq!(
            (breakdown.waited, breakdown.thought, breakdown.in_the_tunnel),
            (us(200), Some(us(4)), Some(us(50)))
        );
        assert_eq!(
            [Leg::Bridge, Leg::WireOut, Leg::Server].map(|leg| breakdown.leg(leg)),
            [2, 68, 5].map(us).map(Some)
        );
        assert_eq!((breakdown.leg(Leg::Asker), breakdown.leg(Leg::WireBack)), (Some(us(125)), None));
    }

    #[test]
    fn legs_of_questions_sent_ahead_at_different_moments_add_up_to_what_was_waited() {
        // One stay in the server for both. The second was sent 60 µs after the first, its answer came 20 µs later.
        let path = [(Point::ServerIn, 1_070, 10), (Point::AnswerOut, 1_072, 10)];
        let breakdown = breakdown(&run([100, 160], [300, 320]), &path);
        assert_eq!((breakdown.waited, breakdown.leg(Leg::Server)), (us(220), Some(us(2))));
        assert_eq!(breakdown.leg(Leg::Asker), Some(us(218)));
    }

    #[test]
    fn questions_that_wait_for_each_other_add_up() {
        let path = [
            (Point::ServerIn, 10, 5),
            (Point::AnswerOut, 14, 4),
            (Point::ServerIn, 110, 5),
            (Point::AnswerOut, 113, 6),
        ];
        let breakdown = breakdown(&run([100, 200], [150, 250]), &path);
        assert_eq!((breakdown.waited, breakdown.leg(Leg::Server)), (us(150), Some(us(7))));
        assert_eq!(breakdown.leg(Leg::Asker), Some(us(143)), "between the questions the client had the time");
        assert_eq!((breakdown.thought, breakdown.in_the_tunnel), (None, None));
    }

    #[test]
    fn what_no_hop_watched_is_unknown() {
        let breakdown = breakdown(&run([100, 200], [150, 250]), &[]);
        assert_eq!((breakdown.leg(Leg::Unknown), breakdown.leg(Leg::Server)), (Some(us(100)), None));
    }
}

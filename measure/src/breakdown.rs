//! How the time that a client waited divides among the parts of the path.

use std::time::Duration;

use crate::legs::Leg;
use crate::paths::{Clocks, Paths};
use crate::reading::Reading;
use crate::run::{Run, Span};
use crate::trace::TracePoint;

/// How the time from the first question to the last answer divides among the legs.
///
/// The legs of questions that are in flight together overlap. So each moment counts for the oldest unanswered question, which is
/// the one that the client waits for. The legs add up to the time waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breakdown {
    /// The time from the first question to the last answer.
    pub waited: Duration,
    /// How long the server worked on answers, by its own clock; `None` if it was not observed.
    pub thought: Option<Duration>,
    /// How long the tunnel delayed the question or answer for which the client waited; `None` if no tunnel was observed.
    pub in_the_tunnel: Option<Duration>,
    /// The relation of the hops' clock to the client's.
    pub clocks: Clocks,
    clock_step: Duration,
    legs: [Option<Duration>; Leg::ALL.len()],
}

impl Breakdown {
    /// Computes the breakdown of a run; `None` without an answer.
    pub fn of(run: &Run, paths: &Paths) -> Option<Self> {
        let asking = run.asking()?;
        let mut legs = [None; Leg::ALL.len()];
        let mut in_the_tunnel = None;
        let mut add = |leg: Leg, took: Duration| *legs[leg as usize].get_or_insert(Duration::ZERO) += took;
        // All time before this moment is assigned to legs already.
        let mut assigned = asking.from;
        for path in paths.questions() {
            let rest = |span: Span| Span { from: span.from.max(assigned), until: span.until.max(assigned) }.took();
            let asked = path.asked();
            if asked.from > assigned {
                add(Leg::Client, asked.from - assigned);
            }
            for (leg, span) in path.legs() {
                add(leg, rest(span));
            }
            for (from, until) in
                [(TracePoint::TunnelIn, TracePoint::TunnelOut), (TracePoint::TunnelBackIn, TracePoint::TunnelBackOut)]
            {
                if let Some(held) = path.client_span(from, until) {
                    *in_the_tunnel.get_or_insert(Duration::ZERO) += rest(held);
                }
            }
            assigned = assigned.max(asked.until);
        }
        if asking.until > assigned {
            add(Leg::Unknown, asking.until - assigned);
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

    /// Returns the share of `part` in the time waited: `42 %`. `None` if either is shorter than a step of the client's clock.
    pub fn percent(&self, part: Duration) -> Option<String> {
        Reading::new(part, self.clock_step).percent_of(self.waited())
    }

    /// Returns the time waited as a reading of the client's clock.
    pub fn waited(&self) -> Reading {
        Reading::new(self.waited, self.clock_step)
    }

    /// Returns the time on `leg`; `None` if the run has no such leg.
    pub fn leg(&self, leg: Leg) -> Option<Duration> {
        self.legs[leg as usize]
    }
}

/// Returns how long the server worked on answers. Work on several questions at once counts once.
fn thought(paths: &Paths) -> Option<Duration> {
    let mut sum = None;
    let mut counted = Duration::ZERO;
    for path in paths.questions() {
        let Some(Span { from, until }) = path.span(TracePoint::ServerIn, TracePoint::AnswerReady) else { continue };
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
    use crate::trace::{Trace, TraceEvent};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns a run of two questions of 5 bytes, sent at `asked`, and answered at `answered` with 4 and 6 bytes.
    fn run(asked: [u64; 2], answered: [u64; 2]) -> Run {
        let mut run = Run::new(String::new(), Order::SentAhead, us(5), ["What?", "Why ?"].map(str::to_owned));
        run.record(Step::Connected { at: us(90) });
        asked.into_iter().for_each(|at| run.record(Step::Asked { at: us(at) }));
        let answers = answered.into_iter().zip(["Yes.", "Never."]);
        answers.for_each(|(at, answer)| run.record(Step::Answered { at: us(at), answer: answer.to_owned() }));
        run
    }

    fn breakdown(run: &Run, events: &[(TracePoint, u64, u64)]) -> Breakdown {
        let events = events.iter().map(|&(point, at, bytes)| TraceEvent { point, at: us(at), bytes }).collect();
        let breakdown = Breakdown::of(run, &paths(run, &Trace { events, ..Trace::default() })).unwrap();
        assert_eq!(Leg::ALL.into_iter().filter_map(|leg| breakdown.leg(leg)).sum::<Duration>(), breakdown.waited);
        breakdown
    }

    #[test]
    fn time_of_questions_in_flight_together_counts_once() {
        let path = [
            (TracePoint::BridgeIn, 0, 10),
            (TracePoint::BridgeOut, 2, 10),
            (TracePoint::TunnelIn, 10, 10),
            (TracePoint::TunnelOut, 60, 10),
            (TracePoint::ServerIn, 70, 10),
            (TracePoint::AnswerReady, 74, 10),
            (TracePoint::AnswerOut, 75, 10),
        ];
        let breakdown = breakdown(&run([100, 100], [300, 300]), &path);
        assert_eq!(
            (breakdown.waited, breakdown.thought, breakdown.in_the_tunnel),
            (us(200), Some(us(4)), Some(us(50)))
        );
        assert_eq!(
            [Leg::Bridge, Leg::LinkOut, Leg::Server].map(|leg| breakdown.leg(leg)),
            [2, 68, 5].map(us).map(Some)
        );
        assert_eq!((breakdown.leg(Leg::Client), breakdown.leg(Leg::LinkBack)), (Some(us(125)), None));
    }

    #[test]
    fn legs_of_questions_sent_ahead_add_up_to_the_time_waited() {
        // The server had both questions at the same time. The second was sent 60 µs after the first, and answered 20 µs after it.
        let path = [(TracePoint::ServerIn, 1_070, 10), (TracePoint::AnswerOut, 1_072, 10)];
        let breakdown = breakdown(&run([100, 160], [300, 320]), &path);
        assert_eq!((breakdown.waited, breakdown.leg(Leg::Server)), (us(220), Some(us(2))));
        assert_eq!(breakdown.leg(Leg::Client), Some(us(218)));
    }

    #[test]
    fn legs_of_questions_one_at_a_time_add_up_to_the_time_waited() {
        let path = [
            (TracePoint::ServerIn, 10, 5),
            (TracePoint::AnswerOut, 14, 4),
            (TracePoint::ServerIn, 110, 5),
            (TracePoint::AnswerOut, 113, 6),
        ];
        let breakdown = breakdown(&run([100, 200], [150, 250]), &path);
        assert_eq!((breakdown.waited, breakdown.leg(Leg::Server)), (us(150), Some(us(7))));
        assert_eq!(breakdown.leg(Leg::Client), Some(us(143)), "the time between the questions is the client's");
        assert_eq!((breakdown.thought, breakdown.in_the_tunnel), (None, None));
    }

    #[test]
    fn a_path_without_observed_hops_is_unknown() {
        let breakdown = breakdown(&run([100, 200], [150, 250]), &[]);
        assert_eq!((breakdown.leg(Leg::Unknown), breakdown.leg(Leg::Server)), (Some(us(100)), None));
    }
}

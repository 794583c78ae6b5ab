//! The path of each question through the hops, found by counting bytes, and its legs.
//!
//! A question has passed a point when at least as many bytes have passed the point as that question and all questions before it have
//! together; an answer likewise. So neither the division into segments nor the order of asking matters.
//!
//! A dialogue has one pair of clocks: the client's and the hops'. All its questions together bound the offset between them, and this
//! one offset converts every moment to client time. So an event has one moment, however many questions it carried.

use std::time::Duration;

use crate::connecting::Connecting;
use crate::legs::Leg;
use crate::offset::{Bounds, Exchange, Offset, Reply, UnknownOffset};
use crate::run::{Run, Span};
use crate::trace::{Trace, TracePoint};

/// The moments at which one question and its answer passed each point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    asked: Span,
    /// When the question was sent, as the client measured it, without an attributed handshake.
    sent: Duration,
    passed: [Option<Duration>; TracePoint::ALL.len()],
    offset: Option<Offset>,
}

/// The paths of a run's questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    connecting: Option<Connecting>,
    questions: Vec<Path>,
    /// The paths of the questions that were sent but not answered. These come after the answered ones.
    unanswered: Vec<Path>,
    bounds: Bounds,
    clocks: Clocks,
}

/// The relation of the hops' clock to the client's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clocks {
    /// No hop recorded anything.
    #[default]
    Unobserved,
    /// One offset relates both clocks.
    Related {
        /// Every moment of the hops is known to plus or minus this in client time.
        uncertainty: Duration,
    },
    /// No hop saw an answer that arrived, so moments of the hops may have been at any time after the questions.
    Unbounded,
    /// No offset satisfies causality for all questions.
    Contradictory,
}

impl Clocks {
    /// Returns why the legs are unknown; `None` if they are known.
    pub fn why_unknown(self) -> Option<&'static str> {
        match self {
            Self::Unobserved => Some("no hop on the path was observed"),
            Self::Related { .. } => None,
            Self::Unbounded => {
                Some("no hop saw an answer that arrived, so the client’s clock and the hops’ clock cannot be related")
            }
            Self::Contradictory => Some(
                "the client’s clock and the hops’ clock contradict each other by more than their steps (one drifted or \
                 was adjusted during the run)",
            ),
        }
    }
}

/// Finds the path of connecting, and the path of each question of `run` that was sent. Takes time linear in the number of questions
/// and events.
pub fn paths(run: &Run, trace: &Trace) -> Paths {
    let mut ends = Vec::new();
    let mut questions = Vec::new();
    let mut answered = 0;
    let mut question_end = 0;
    let mut answer_end = 0;
    for (index, question) in run.questions.iter().enumerate() {
        let (Some(asked), Some(sent)) = (question.asked, run.measured_asked(question)) else { break };
        question_end += question.question.len() as u64;
        let mut span = Span { from: asked, until: asked };
        match (&question.answer, question.answered) {
            (Some(answer), Some(until)) if answered == index => {
                span.until = until;
                answer_end += answer.len() as u64;
                answered += 1;
            }
            // Without an answer, no event of answers belongs to this question.
            _ => answer_end = u64::MAX,
        }
        ends.push((question_end, answer_end));
        questions.push(Path { asked: span, sent, passed: Default::default(), offset: None });
    }
    let mut progress = [(0_u64, 0); TracePoint::ALL.len()];
    for event in &trace.events {
        let (bytes, next) = &mut progress[event.point as usize];
        // A trace from a file may contain any numbers.
        *bytes = bytes.saturating_add(event.bytes);
        while let Some((question_end, answer_end)) = ends.get(*next)
            && *bytes >= if event.point.is_of_answers() { *answer_end } else { *question_end }
        {
            questions[*next].passed[event.point as usize] = Some(event.at);
            *next += 1;
        }
    }
    let steps = run.clock_step.saturating_add(trace.clock_step);
    let mut connecting = Connecting::of(run, trace);
    let unanswered = questions.split_off(answered);
    let of_answered = questions.iter().filter_map(Path::exchange);
    // An event after the last answer that arrived bounds the offset from one side only: the question was sent before it.
    let of_unanswered =
        unanswered.iter().filter_map(Path::exchange).map(|exchange| Exchange { reply: None, ..exchange });
    let of_connecting = connecting.iter().filter_map(Connecting::exchange);
    let bounds = Bounds::of(of_connecting.chain(of_answered).chain(of_unanswered));
    let clocks = match bounds.offset(steps) {
        Ok(offset) => {
            questions.iter_mut().for_each(|path| path.offset = Some(offset));
            connecting = connecting.map(|connecting| connecting.with_offset(offset));
            Clocks::Related { uncertainty: offset.uncertainty }
        }
        Err(UnknownOffset::Unobserved) => Clocks::Unobserved,
        Err(UnknownOffset::Unbounded) => Clocks::Unbounded,
        Err(UnknownOffset::Contradictory) => Clocks::Contradictory,
    };
    Paths { connecting, questions, unanswered, bounds, clocks }
}

impl Paths {
    /// Returns the path of connecting, if a hop recorded how the connection was opened.
    pub fn connecting(&self) -> Option<&Connecting> {
        self.connecting.as_ref()
    }

    /// Returns the paths of the answered questions, in the order of the questions.
    pub fn questions(&self) -> &[Path] {
        &self.questions
    }

    /// Returns the client time at which the first question, answered or not, passed `point`. If no answer relates the clocks, it is the
    /// earliest possible time. `None` if no hop recorded the question there, or the clocks contradict each other.
    pub(crate) fn first_passed(&self, point: TracePoint) -> Option<Duration> {
        let first = self.questions.first().or(self.unanswered.first())?;
        let at = first.at(point)?;
        match (first.offset, self.clocks) {
            (Some(offset), _) => Some(offset.to_client_time(at)),
            (None, Clocks::Unbounded) => self.bounds.earliest(at),
            (None, _) => None,
        }
    }

    /// Returns the relation of the hops' clock to the client's.
    pub fn clocks(&self) -> Clocks {
        self.clocks
    }
}

impl Path {
    /// Returns the span from the question to its answer, by the client's clock.
    pub fn asked(&self) -> Span {
        self.asked
    }

    /// Returns when the question, or its answer, passed `point`: by the hops' clock, since the first event of the dialogue. `None` if
    /// no hop recorded it.
    pub fn at(&self, point: TracePoint) -> Option<Duration> {
        self.passed[point as usize]
    }

    /// Returns the span from one point to a later one, by the hops' clock; `None` if either was not recorded.
    pub fn span(&self, from: TracePoint, until: TracePoint) -> Option<Span> {
        Some(Span { from: self.at(from)?, until: self.at(until)? })
    }

    /// Returns the time from one point to a later one, by the hops' clock; `None` if either was not recorded.
    pub fn between(&self, from: TracePoint, until: TracePoint) -> Option<Duration> {
        self.span(from, until).map(Span::took)
    }

    /// Returns how long the server worked on the answer, by the hops' clock.
    pub fn thinking(&self) -> Option<Duration> {
        self.between(TracePoint::ServerIn, TracePoint::AnswerReady)
    }

    /// Returns the recorded points with their moments in client time; none if the clocks are not related. Where clocks step, a
    /// moment may lie outside of the question's span by the uncertainty.
    pub fn moments(&self) -> Vec<(TracePoint, Duration)> {
        let Some(offset) = self.offset else { return Vec::new() };
        self.passed().map(|(point, at)| (point, offset.to_client_time(at))).collect()
    }

    /// Returns the span from one point to a later one in client time, limited to the question's span.
    pub fn client_span(&self, from: TracePoint, until: TracePoint) -> Option<Span> {
        let offset = self.offset?;
        let limited = |at| offset.to_client_time(at).max(self.asked.from).min(self.asked.until);
        let Span { from, until } = self.span(from, until)?;
        Some(Span { from: limited(from), until: limited(until) })
    }

    /// Returns the legs from the question to its answer, one after the other without a gap: they add up to the time that the answer
    /// took.
    pub fn legs(&self) -> Vec<(Leg, Span)> {
        let mut legs: Vec<(Leg, Span)> = Vec::new();
        let mut add = |leg, from, until| match legs.last_mut() {
            Some((same, span)) if *same == leg => span.until = until,
            _ => legs.push((leg, Span { from, until })),
        };
        let mut before = None;
        let mut from = self.asked.from;
        for (point, at) in self.moments() {
            let until = at.min(self.asked.until).max(from);
            let leg = before.map_or(Leg::before(point), |before| Leg::between(before, point));
            add(leg, from, until);
            before = Some(point);
            from = until;
        }
        add(before.map_or(Leg::Unknown, Leg::after), from, self.asked.until.max(from));
        legs
    }

    /// Returns the total time of all legs of the kind `leg`; `None` if the path has none of that kind.
    pub fn took(&self, leg: Leg) -> Option<Duration> {
        let legs = self.legs();
        let of_that_kind = legs.iter().filter(|(kind, _)| *kind == leg).map(|(_, span)| span.took());
        of_that_kind.reduce(|sum, took| sum + took)
    }

    /// Returns the recorded points with their moments by the hops' clock, each no earlier than the one before.
    fn passed(&self) -> impl Iterator<Item = (TracePoint, Duration)> {
        let passed = TracePoint::ALL.into_iter().zip(self.passed).filter_map(|(point, at)| Some((point, at?)));
        passed.scan(Duration::ZERO, |last, (point, at)| {
            *last = at.max(*last);
            Some((point, *last))
        })
    }

    /// Returns the question and its answer as a request and a reply, which bound the offset between the two clocks.
    fn exchange(&self) -> Option<Exchange> {
        let (_, first_seen) = self.passed().next()?;
        let (_, last_seen) = self.passed().last()?;
        Some(Exchange { sent: self.sent, first_seen, reply: Some(Reply { last_seen, received: self.asked.until }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Order, RunStatus};
    use crate::step::Step;
    use crate::trace::{ConnectEvent, ConnectPoint, TraceEvent};

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns a run of two questions of 5 bytes, sent at `asked`, and answered at `answered` with 4 and 6 bytes.
    fn run(asked: [u64; 2], answered: [u64; 2]) -> Run {
        let questions = ["What?", "Why ?"].map(str::to_owned);
        let mut run = Run::new("ws://b/ws".to_owned(), Order::SentAhead, us(5), questions);
        run.record(Step::Connected { at: us(90) });
        asked.into_iter().for_each(|at| run.record(Step::Asked { at: us(at) }));
        let answers = answered.into_iter().zip(["Yes.", "Never."]);
        answers.for_each(|(at, answer)| run.record(Step::Answered { at: us(at), answer: answer.to_owned() }));
        run.status = RunStatus::Complete;
        run
    }

    fn trace(events: &[(TracePoint, u64, u64)]) -> Trace {
        let events = events.iter().map(|&(point, at, bytes)| TraceEvent { point, at: us(at), bytes }).collect();
        Trace { events, ..Trace::default() }
    }

    const WHOLE: [(TracePoint, u64, u64); 11] = [
        (TracePoint::BridgeIn, 1_000, 10),
        (TracePoint::BridgeOut, 1_002, 10),
        (TracePoint::TunnelIn, 1_010, 10),
        (TracePoint::TunnelOut, 1_060, 10),
        (TracePoint::ServerIn, 1_070, 10),
        (TracePoint::AnswerReady, 1_071, 10),
        (TracePoint::AnswerOut, 1_072, 10),
        (TracePoint::TunnelBackIn, 1_080, 10),
        (TracePoint::TunnelBackOut, 1_130, 10),
        (TracePoint::BridgeBackIn, 1_140, 10),
        (TracePoint::BridgeBackOut, 1_143, 10),
    ];

    #[test]
    fn a_complete_path_has_seven_legs_without_a_gap() {
        let run = run([100, 100], [300, 300]);
        let asked = run.questions[0].span().unwrap();
        let path = paths(&run, &trace(&WHOLE)).questions()[0];
        let legs = path.legs();
        let kinds: Vec<Leg> = legs.iter().map(|(leg, _)| *leg).collect();
        use Leg::{Bridge, Client, LinkBack, LinkOut, Server};
        assert_eq!(kinds, [Client, Bridge, LinkOut, Server, LinkBack, Bridge, Client]);
        assert_eq!((legs[0].1.from, legs[6].1.until), (asked.from, asked.until));
        assert!(legs.windows(2).all(|pair| pair[0].1.until == pair[1].1.from), "{legs:?}");
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), asked.took());
        assert_eq!(path.thinking(), Some(us(1)));
        assert_eq!(path.took(Bridge), Some(us(5)));
        assert_eq!(path.took(Client), Some(us(200 - 143)));
    }

    #[test]
    fn questions_in_one_segment_share_the_moments_of_that_segment() {
        // Sent ahead: the second left 40 µs after the first, and both answers came together.
        let paths = paths(&run([100, 140], [300, 300]), &trace(&WHOLE));
        let in_server =
            |index: usize| paths.questions()[index].client_span(TracePoint::ServerIn, TracePoint::AnswerOut);
        assert_eq!(in_server(0), in_server(1));
        // The first hop read the segment between 140 µs (the second question was sent) and 157 µs (300 µs, when the answers arrived,
        // less the 143 µs between the first and the last event of the hops). The server read it 70 µs later.
        assert_eq!(in_server(0).map(|span| span.from), Some(us(70) + Duration::from_nanos(148_500)));
        assert_eq!(paths.clocks(), Clocks::Related { uncertainty: Duration::from_nanos(8_500) + us(5) });
    }

    #[test]
    fn questions_are_found_by_counting_bytes_in_any_segmentation() {
        let events = [(TracePoint::ServerIn, 1, 3), (TracePoint::ServerIn, 2, 2), (TracePoint::ServerIn, 3, 5)];
        let answers = [(TracePoint::AnswerOut, 4, 4), (TracePoint::AnswerOut, 9, 6)];
        let found = paths(&run([100, 100], [300, 300]), &trace(&[&events[..], &answers[..]].concat()));
        let at = |point| [0, 1].map(|index: usize| found.questions()[index].at(point));
        assert_eq!(at(TracePoint::ServerIn), [Some(us(2)), Some(us(3))]);
        assert_eq!(at(TracePoint::AnswerOut), [Some(us(4)), Some(us(9))]);
        assert_eq!(at(TracePoint::BridgeIn), [None, None]);
    }

    #[test]
    fn legs_without_an_observed_hop_are_unknown() {
        let run = run([100, 100], [300, 300]);
        let asked = run.questions[0].span().unwrap();
        let unobserved = paths(&run, &Trace::default());
        assert_eq!(unobserved.questions()[0].legs(), [(Leg::Unknown, asked)]);
        assert_eq!(unobserved.clocks(), Clocks::Unobserved);
        let no_server: Vec<_> = WHOLE.into_iter().filter(|(point, ..)| !(4..7).contains(&(*point as usize))).collect();
        let path = paths(&run, &trace(&no_server)).questions()[0];
        let kinds: Vec<Leg> = path.legs().iter().map(|(leg, _)| *leg).collect();
        use Leg::{Bridge, Client, LinkBack, LinkOut, Unknown};
        assert_eq!(kinds, [Client, Bridge, LinkOut, Unknown, LinkBack, Bridge, Client]);
        assert_eq!(path.thinking(), None);
        let cut = paths(&run, &trace(&WHOLE[..5])).questions()[0];
        assert_eq!(cut.legs().last().map(|(leg, _)| *leg), Some(Unknown), "the trace ends at the server");
    }

    #[test]
    fn contradictory_clocks_leave_the_legs_unknown_and_say_why() {
        // The hops had the message for 143 µs, and by the client's clock all was over after 60 µs.
        let paths = paths(&run([100, 100], [160, 160]), &trace(&WHOLE));
        assert_eq!(paths.clocks(), Clocks::Contradictory);
        assert!(paths.clocks().why_unknown().is_some_and(|why| why.contains("contradict")));
        let path = paths.questions()[0];
        assert_eq!((path.legs().len(), path.took(Leg::Unknown), path.moments().len()), (1, Some(us(60)), 0));
        assert_eq!(path.thinking(), Some(us(1)), "the server’s own clock still knows");
    }

    #[test]
    fn a_coarse_clock_leaves_no_leg_outside_the_question() {
        let mut run = run([100, 100], [200, 200]);
        run.clock_step = us(100);
        let found = paths(&run, &trace(&WHOLE));
        assert_eq!(found.clocks(), Clocks::Related { uncertainty: Duration::from_nanos(78_500) });
        let legs = found.questions()[0].legs();
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), us(100));
    }

    #[test]
    fn without_an_answer_the_clocks_are_not_related() {
        let mut run = run([100, 100], [300, 300]);
        run.questions.iter_mut().for_each(|asked| (asked.answer, asked.answered) = (None, None));
        let mut trace = trace(&WHOLE[2..5]);
        trace.connecting = vec![ConnectEvent { point: ConnectPoint::TunnelAccepted, at: us(900) }];
        let unanswered = paths(&run, &trace);
        assert_eq!(unanswered.clocks(), Clocks::Unbounded);
        assert!(unanswered.clocks().why_unknown().is_some_and(|why| why.contains("no hop saw an answer")));
        assert_eq!(unanswered.connecting().unwrap().moments(), []);
    }

    #[test]
    fn an_unanswered_question_bounds_the_offset_too() {
        let mut run = run([100, 320], [300, 500]);
        (run.questions[1].answer, run.questions[1].answered) = (None, None);
        let first = [(TracePoint::ServerIn, 1_000, 5), (TracePoint::AnswerOut, 1_100, 4)];
        let both = [&first[..], &[(TracePoint::ServerIn, 1_180, 5)]].concat();
        // The answer allows offsets of at most 300 - 1,100 µs, the first question of at least 100 - 1,000, the second of at least
        // 320 - 1,180.
        let uncertainty = |events: &[_]| paths(&run, &trace(events)).clocks();
        assert_eq!(uncertainty(&first), Clocks::Related { uncertainty: us(55) });
        assert_eq!(uncertainty(&both), Clocks::Related { uncertainty: us(35) });
    }

    #[test]
    fn the_paths_of_200_000_questions_are_found_in_one_pass() {
        // An imported file may contain this many. A quadratic algorithm would not finish in the test's time.
        let count = 200_000;
        let mut run = run([100, 100], [300, 300]);
        run.questions = vec![run.questions[0].clone(); count];
        let both = [(TracePoint::ServerIn, 10, 5), (TracePoint::AnswerOut, 20, 4)];
        let paths = paths(&run, &trace(&vec![both; count].concat()));
        let breakdown = crate::Breakdown::of(&run, &paths).unwrap();
        assert_eq!((paths.questions().len(), breakdown.leg(Leg::Server)), (count, Some(us(10))));
    }
}

//! The path of each question through the hops, found by counting bytes, and its legs.
//!
//! A question has passed a point when as many bytes have passed there as it and those before it have; an answer likewise.
//! So neither segments nor the order of asking matter.
//!
//! A dialogue has one pair of clocks: the asker's and the hops'. All its questions together bound the offset between them,
//! and every point is laid into the asker's time by that one offset. So what happened once has one moment, however
//! many questions it carried.

use std::time::Duration;

use crate::connecting::Connecting;
use crate::legs::Leg;
use crate::offset::{Exchange, Offset};
use crate::run::{Run, Span};
use crate::trace::{Point, Trace};

/// When one question, and then its answer, passed each point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    asked: Span,
    passed: [Option<Duration>; Point::ALL.len()],
    offset: Option<Offset>,
}

/// The paths of a run's questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    connecting: Option<Connecting>,
    questions: Vec<Path>,
    clocks: Clocks,
}

/// How the hops' clock stands to the asker's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clocks {
    /// No hop recorded anything.
    #[default]
    Unwatched,
    /// One offset relates them.
    Related {
        /// Every moment of the hops is known to plus or minus this in the asker's time.
        uncertainty: Duration,
    },
    /// No offset lets every question be sent before it was seen and every answer arrive after.
    Contradictory,
}

impl Clocks {
    /// Why the legs are unknown; `None` if they are known.
    pub fn why_unknown(self) -> Option<&'static str> {
        match self {
            Self::Unwatched => Some("no hop on the path was watched"),
            Self::Related { .. } => None,
            Self::Contradictory => Some(
                "the asker’s clock and the hops’ clock contradict each other by more than their steps (one of them drifted or \
                 was set meanwhile)",
            ),
        }
    }
}

/// Finds the paths of all questions of `run` that were answered, in their order. The time it takes is proportional to the
/// number of sightings.
pub fn paths(run: &Run, trace: &Trace) -> Paths {
    let mut ends = Vec::new();
    let mut questions = Vec::new();
    let (mut question_end, mut answer_end) = (0, 0);
    for asked in &run.questions {
        let (Some(answer), Some(span)) = (&asked.answer, asked.span()) else { break };
        question_end += asked.question.len() as u64;
        answer_end += answer.len() as u64;
        ends.push((question_end, answer_end));
        questions.push(Path { asked: span, passed: Default::default(), offset: None });
    }
    let mut progress = [(0_u64, 0); Point::ALL.len()];
    for sighting in &trace.sightings {
        let (bytes, next) = &mut progress[sighting.point as usize];
        // A trace from a file may say anything.
        *bytes = bytes.saturating_add(sighting.bytes);
        while let Some((question_end, answer_end)) = ends.get(*next)
            && *bytes >= if sighting.point.is_of_answers() { *answer_end } else { *question_end }
        {
            questions[*next].passed[sighting.point as usize] = Some(sighting.at);
            *next += 1;
        }
    }
    let steps = run.clock_step.saturating_add(trace.clock_step);
    let mut connecting = Connecting::of(run, trace);
    let exchanges =
        connecting.iter().filter_map(Connecting::exchange).chain(questions.iter().filter_map(Path::exchange));
    let clocks = match Offset::of(exchanges, steps) {
        Ok(None) => Clocks::Unwatched,
        Ok(Some(offset)) => {
            questions.iter_mut().for_each(|path| path.offset = Some(offset));
            connecting = connecting.map(|connecting| connecting.laid_by(offset));
            Clocks::Related { uncertainty: offset.uncertainty }
        }
        Err(_) => Clocks::Contradictory,
    };
    Paths { connecting, questions, clocks }
}

impl Paths {
    /// Where the time of connecting went, if a hop saw the connection being made.
    pub fn connecting(&self) -> Option<&Connecting> {
        self.connecting.as_ref()
    }

    /// The paths of the answered questions, in the order of the questions.
    pub fn questions(&self) -> &[Path] {
        &self.questions
    }

    /// How the hops' clock stands to the asker's.
    pub fn clocks(&self) -> Clocks {
        self.clocks
    }
}

impl Path {
    /// From the question to its answer, by the asker's clock.
    pub fn asked(&self) -> Span {
        self.asked
    }

    /// When it passed a point, if a hop watched there. The moment is since the first hop heard of the dialogue, by the hops'
    /// clock.
    pub fn at(&self, point: Point) -> Option<Duration> {
        self.passed[point as usize]
    }

    /// From one point to a later one, by the hops' clock.
    pub fn span(&self, from: Point, until: Point) -> Option<Span> {
        Some(Span { from: self.at(from)?, until: self.at(until)? })
    }

    /// How long it took from one point to a later one.
    pub fn between(&self, from: Point, until: Point) -> Option<Duration> {
        self.span(from, until).map(Span::took)
    }

    /// How long the server thought.
    pub fn thinking(&self) -> Option<Duration> {
        self.between(Point::ServerIn, Point::AnswerReady)
    }

    /// The points that it is known to have passed, with their moments in the asker's time; none if the clocks contradict each
    /// other. Where clocks step, a moment may lie outside of the question by as much as the moments are uncertain.
    pub fn moments(&self) -> Vec<(Point, Duration)> {
        let Some(offset) = self.offset else { return Vec::new() };
        self.passed().map(|(point, at)| (point, offset.lay(at))).collect()
    }

    /// From one point to a later one in the asker's time, within the question.
    pub fn laid(&self, from: Point, until: Point) -> Option<Span> {
        let offset = self.offset?;
        let laid = |at| offset.lay(at).max(self.asked.from).min(self.asked.until);
        let Span { from, until } = self.span(from, until)?;
        Some(Span { from: laid(from), until: laid(until) })
    }

    /// The legs from the question to its answer, one after the other without a gap: their sum is what the answer was waited
    /// for.
    pub fn legs(&self) -> Vec<(Leg, Span)> {
        let mut legs: Vec<(Leg, Span)> = Vec::new();
        let mut add = |leg, from, until| match legs.last_mut() {
            Some((same, span)) if *same == leg => span.until = until,
            _ => legs.push((leg, Span { from, until })),
        };
        let (mut before, mut from) = (None, self.asked.from);
        for (point, at) in self.moments() {
            let until = at.min(self.asked.until).max(from);
            add(before.map_or(Leg::before(point), |before| Leg::between(before, point)), from, until);
            (before, from) = (Some(point), until);
        }
        add(before.map_or(Leg::Unknown, Leg::after), from, self.asked.until.max(from));
        legs
    }

    /// How long all legs of one kind took together; `None` if there is none of that kind.
    pub fn took(&self, leg: Leg) -> Option<Duration> {
        let legs = self.legs();
        let of_that_kind = legs.iter().filter(|(kind, _)| *kind == leg).map(|(_, span)| span.took());
        of_that_kind.reduce(|sum, took| sum + took)
    }

    /// The points that it is known to have passed, by the hops' clock, each no earlier than the one before.
    fn passed(&self) -> impl Iterator<Item = (Point, Duration)> {
        let passed = Point::ALL.into_iter().zip(self.passed).filter_map(|(point, at)| Some((point, at?)));
        passed.scan(Duration::ZERO, |last, (point, at)| {
            *last = at.max(*last);
            Some((point, *last))
        })
    }

    /// What it says of the two clocks.
    fn exchange(&self) -> Option<Exchange> {
        let (_, first_seen) = self.passed().next()?;
        let (_, last_seen) = self.passed().last()?;
        Some(Exchange { sent: self.asked.from, first_seen, last_seen: Some(last_seen), received: self.asked.until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Ending, Order};
    use crate::step::Step;
    use crate::trace::Sighting;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Two questions of 5 bytes, answered with 4 and 6, asked at these moments and answered at those.
    fn run(asked: [u64; 2], answered: [u64; 2]) -> Run {
        let questions = ["What?", "Why ?"].map(str::to_owned);
        let mut run = Run::new("ws://b/ws".to_owned(), Order::SentAhead, us(5), questions);
        run.record(Step::Connected { at: us(90) });
        asked.into_iter().for_each(|at| run.record(Step::Asked { at: us(at) }));
        let answers = answered.into_iter().zip(["Yes.", "Never."]);
        answers.for_each(|(at, answer)| run.record(Step::Answered { at: us(at), answer: answer.to_owned() }));
        run.ending = Ending::Complete;
        run
    }

    fn trace(sightings: &[(Point, u64, u64)]) -> Trace {
        let sightings = sightings.iter().map(|&(point, at, bytes)| Sighting { point, at: us(at), bytes }).collect();
        Trace { sightings, ..Trace::default() }
    }

    const WHOLE: [(Point, u64, u64); 11] = [
        (Point::BridgeIn, 1_000, 10),
        (Point::BridgeOut, 1_002, 10),
        (Point::TunnelIn, 1_010, 10),
        (Point::TunnelOut, 1_060, 10),
        (Point::ServerIn, 1_070, 10),
        (Point::AnswerReady, 1_071, 10),
        (Point::AnswerOut, 1_072, 10),
        (Point::TunnelBackIn, 1_080, 10),
        (Point::TunnelBackOut, 1_130, 10),
        (Point::BridgeBackIn, 1_140, 10),
        (Point::BridgeBackOut, 1_143, 10),
    ];

    #[test]
    fn a_whole_path_has_seven_legs_without_a_gap() {
        let run = run([100, 100], [300, 300]);
        let asked = run.questions[0].span().unwrap();
        let path = paths(&run, &trace(&WHOLE)).questions()[0];
        let legs = path.legs();
        let kinds: Vec<Leg> = legs.iter().map(|(leg, _)| *leg).collect();
        use Leg::{Asker, Bridge, Server, WireBack, WireOut};
        assert_eq!(kinds, [Asker, Bridge, WireOut, Server, WireBack, Bridge, Asker]);
        assert_eq!((legs[0].1.from, legs[6].1.until), (asked.from, asked.until));
        assert!(legs.windows(2).all(|pair| pair[0].1.until == pair[1].1.from), "{legs:?}");
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), asked.took());
        assert_eq!(path.thinking(), Some(us(1)));
        assert_eq!(path.took(Bridge), Some(us(5)));
        assert_eq!(path.took(Asker), Some(us(200 - 143)));
    }

    #[test]
    fn one_stay_in_the_server_has_one_moment_for_all_questions_that_share_it() {
        // Sent ahead: the second left 40 µs after the first, and both answers came together.
        let paths = paths(&run([100, 140], [300, 300]), &trace(&WHOLE));
        let in_server = |index: usize| paths.questions()[index].laid(Point::ServerIn, Point::AnswerOut);
        assert_eq!(in_server(0), in_server(1));
        // Between 140 µs (the second was sent) and 157 µs (300 µs less the 143 µs that the hops had it).
        assert_eq!(in_server(0).map(|span| span.from), Some(us(70) + Duration::from_nanos(148_500)));
        assert_eq!(paths.clocks(), Clocks::Related { uncertainty: Duration::from_nanos(8_500) + us(5) });
    }

    #[test]
    fn questions_are_found_by_counting_bytes_however_they_are_cut() {
        let sightings = [(Point::ServerIn, 1, 3), (Point::ServerIn, 2, 2), (Point::ServerIn, 3, 5)];
        let answers = [(Point::AnswerOut, 4, 4), (Point::AnswerOut, 9, 6)];
        let found = paths(&run([100, 100], [300, 300]), &trace(&[&sightings[..], &answers[..]].concat()));
        let at = |point| [0, 1].map(|index: usize| found.questions()[index].at(point));
        assert_eq!(at(Point::ServerIn), [Some(us(2)), Some(us(3))]);
        assert_eq!(at(Point::AnswerOut), [Some(us(4)), Some(us(9))]);
        assert_eq!(at(Point::BridgeIn), [None, None]);
    }

    #[test]
    fn legs_without_a_watched_hop_are_unknown() {
        let run = run([100, 100], [300, 300]);
        let asked = run.questions[0].span().unwrap();
        let unwatched = paths(&run, &Trace::default());
        assert_eq!(unwatched.questions()[0].legs(), [(Leg::Unknown, asked)]);
        assert_eq!(unwatched.clocks(), Clocks::Unwatched);
        let no_server: Vec<_> = WHOLE.into_iter().filter(|(point, ..)| !(4..7).contains(&(*point as usize))).collect();
        let path = paths(&run, &trace(&no_server)).questions()[0];
        let kinds: Vec<Leg> = path.legs().iter().map(|(leg, _)| *leg).collect();
        use Leg::{Asker, Bridge, Unknown, WireBack, WireOut};
        assert_eq!(kinds, [Asker, Bridge, WireOut, Unknown, WireBack, Bridge, Asker]);
        assert_eq!(path.thinking(), None);
        let cut = paths(&run, &trace(&WHOLE[..5])).questions()[0];
        assert_eq!(cut.legs().last().map(|(leg, _)| *leg), Some(Unknown), "the trace ends at the server");
    }

    #[test]
    fn clocks_that_contradict_each_other_leave_the_legs_unknown_and_say_why() {
        // The hops had the message for 143 µs, and the asker says that all was over after 60 µs.
        let paths = paths(&run([100, 100], [160, 160]), &trace(&WHOLE));
        assert_eq!(paths.clocks(), Clocks::Contradictory);
        assert!(paths.clocks().why_unknown().is_some_and(|why| why.contains("contradict")));
        let path = paths.questions()[0];
        assert_eq!((path.legs().len(), path.took(Leg::Unknown), path.moments().len()), (1, Some(us(60)), 0));
        assert_eq!(path.thinking(), Some(us(1)), "the server’s own clock still knows");
    }

    #[test]
    fn a_clock_with_coarse_steps_leaves_no_leg_outside_the_question() {
        let mut run = run([100, 100], [200, 200]);
        run.clock_step = us(100);
        let found = paths(&run, &trace(&WHOLE));
        assert_eq!(found.clocks(), Clocks::Related { uncertainty: Duration::from_nanos(78_500) });
        let legs = found.questions()[0].legs();
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), us(100));
    }

    #[test]
    fn the_paths_of_200_000_questions_are_found_in_one_pass() {
        // A file may bring as many as this. Work that grows with the square of it would not end within a test's patience.
        let count = 200_000;
        let mut run = run([100, 100], [300, 300]);
        run.questions = vec![run.questions[0].clone(); count];
        let both = [(Point::ServerIn, 10, 5), (Point::AnswerOut, 20, 4)];
        let paths = paths(&run, &trace(&vec![both; count].concat()));
        let breakdown = crate::Breakdown::of(&run, &paths).unwrap();
        assert_eq!((paths.questions().len(), breakdown.leg(Leg::Server)), (count, Some(us(10))));
    }
}

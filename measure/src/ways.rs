//! The way of each question through the stations, found by counting bytes, and its legs.
//!
//! A question has passed a point when as many bytes have passed there as it and those before it have;
//! an answer likewise. So neither segments nor the order of asking matter.

use std::time::Duration;

use crate::run::{Run, Span};
use crate::trace::{Point, Trace};

/// A part of the way, by whom the time belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// From the one who asks to the first station that was watched, and back from it: for a page, the
    /// browser and its WebSocket. Only the sum of both is known, since two clocks are never compared.
    Asker,
    /// In the bridge.
    Bridge,
    /// From the bridge, or from the first station that was watched, to the server.
    WireOut,
    /// In the server, from the question to the answer's going out.
    Server,
    /// Back from the server.
    WireBack,
    /// Nobody watched there.
    Unknown,
}

impl Leg {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 6] = [Self::Asker, Self::Bridge, Self::WireOut, Self::Server, Self::WireBack, Self::Unknown];
}

/// When one question, and then its answer, passed each point, by the clock of the stations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Way {
    passed: [Option<Duration>; Point::ALL.len()],
}

/// The ways of all questions of `run` that were answered, in their order: a question has passed a point when so many
/// bytes have passed it as it and those before it have.
pub fn ways(run: &Run, trace: &Trace) -> Vec<Way> {
    let answered = run.questions.iter().map_while(|asked| Some((asked.question.len(), asked.answer.as_ref()?.len())));
    let ends: Vec<(u64, u64)> = answered
        .scan((0, 0), |ends, (question, answer)| {
            *ends = (ends.0 + question as u64, ends.1 + answer as u64);
            Some(*ends)
        })
        .collect();
    let mut ways = vec![Way::default(); ends.len()];
    for point in Point::ALL {
        let mut sightings = trace.sightings.iter().filter(|sighting| sighting.point == point);
        let (mut bytes, mut at) = (0_u64, None);
        for (way, (question_end, answer_end)) in ways.iter_mut().zip(&ends) {
            let end = *if point.is_of_answers() { answer_end } else { question_end };
            while bytes < end
                && let Some(sighting) = sightings.next()
            {
                // A trace from a file may say anything.
                bytes = bytes.saturating_add(sighting.bytes);
                at = Some(sighting.at);
            }
            if bytes < end {
                break;
            }
            way.passed[point as usize] = at;
        }
    }
    ways
}

impl Way {
    /// When it passed a point, if somebody watched there. The moment is since the first station heard
    /// of the dialogue, which is not the beginning of the run.
    pub fn at(&self, point: Point) -> Option<Duration> {
        self.passed[point as usize]
    }

    /// From one point to a later one, by the clock of the stations.
    pub fn span(&self, from: Point, until: Point) -> Option<Span> {
        Some(Span { from: self.at(from)?, until: self.at(until)? })
    }

    /// How long it was from one point to a later one.
    pub fn between(&self, from: Point, until: Point) -> Option<Duration> {
        self.span(from, until).map(Span::took)
    }

    /// How long the server thought.
    pub fn thinking(&self) -> Option<Duration> {
        self.between(Point::ServerIn, Point::AnswerReady)
    }

    /// The points that it is known to have passed, with the moments laid into `asked`: the time from the
    /// question to its answer by the clock of the one who asked. What neither clock knows, how much of the
    /// rest was before and how much after, is shared out evenly.
    pub fn moments(&self, asked: Span) -> Vec<(Point, Duration)> {
        let mut last = Duration::ZERO;
        let passed = Point::ALL.into_iter().zip(self.passed).filter_map(|(point, at)| Some((point, at?)));
        let mut moments: Vec<_> = passed
            .map(|(point, at)| {
                last = last.max(at);
                (point, last)
            })
            .collect();
        let (Some((_, first)), Some((_, last))) = (moments.first().copied(), moments.last().copied()) else {
            return moments;
        };
        let before = asked.took().saturating_sub(last - first) / 2;
        for (_, at) in &mut moments {
            *at = (asked.from + before + (*at - first)).min(asked.until);
        }
        moments
    }

    /// The legs from the question to its answer, one after the other without a gap.
    pub fn legs(&self, asked: Span) -> Vec<(Leg, Span)> {
        let moments = self.moments(asked);
        let (Some((_, first)), Some((_, last))) = (moments.first(), moments.last()) else {
            return vec![(Leg::Unknown, asked)];
        };
        let mut legs = vec![(Leg::Asker, Span { from: asked.from, until: *first })];
        for pair in moments.windows(2) {
            let [(from, begin), (until, end)] = pair else { continue };
            let leg = Leg::between(*from, *until);
            match legs.last_mut() {
                Some((same, span)) if *same == leg => span.until = *end,
                _ => legs.push((leg, Span { from: *begin, until: *end })),
            }
        }
        legs.push((Leg::Asker, Span { from: *last, until: asked.until }));
        legs
    }

    /// How long all legs of one kind took together; `None` if there is none of that kind.
    pub fn took(&self, leg: Leg, asked: Span) -> Option<Duration> {
        let legs = self.legs(asked);
        let of_that_kind = legs.iter().filter(|(kind, _)| *kind == leg).map(|(_, span)| span.took());
        of_that_kind.reduce(|sum, took| sum + took)
    }
}

impl Leg {
    /// Whose the time is between two points of which nothing in between is known.
    pub fn between(from: Point, until: Point) -> Self {
        match (from, until) {
            (Point::BridgeIn, Point::BridgeOut) | (Point::BridgeBackIn, Point::BridgeBackOut) => Self::Bridge,
            (from, until) if from >= Point::BridgeOut && until <= Point::ServerIn => Self::WireOut,
            (from, until) if from >= Point::ServerIn && until <= Point::AnswerOut => Self::Server,
            (from, until) if from >= Point::AnswerOut && until <= Point::BridgeBackIn => Self::WireBack,
            _ => Self::Unknown,
        }
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

    /// Two questions of 5 bytes, answered with 4 and 6, both asked at 100 µs and answered at 300 µs.
    fn run() -> Run {
        let questions = ["What?", "Why ?"].map(str::to_owned);
        let mut run = Run::new("ws://b/ws".to_owned(), Order::SentAhead, us(5), questions);
        for step in [
            Step::Connected { at: us(90) },
            Step::Asked { at: us(100) },
            Step::Asked { at: us(100) },
            Step::Answered { at: us(300), answer: "Yes.".to_owned() },
            Step::Answered { at: us(300), answer: "Never.".to_owned() },
        ] {
            run.record(step);
        }
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
    fn a_whole_way_has_seven_legs_without_a_gap() {
        let run = run();
        let asked = run.questions[0].span().unwrap();
        let way = ways(&run, &trace(&WHOLE))[0];
        let legs = way.legs(asked);
        let kinds: Vec<Leg> = legs.iter().map(|(leg, _)| *leg).collect();
        use Leg::{Asker, Bridge, Server, WireBack, WireOut};
        assert_eq!(kinds, [Asker, Bridge, WireOut, Server, WireBack, Bridge, Asker]);
        assert_eq!((legs[0].1.from, legs[6].1.until), (asked.from, asked.until));
        assert!(legs.windows(2).all(|pair| pair[0].1.until == pair[1].1.from), "{legs:?}");
        assert_eq!(legs.iter().map(|(_, span)| span.took()).sum::<Duration>(), asked.took());
        assert_eq!(way.thinking(), Some(us(1)));
        assert_eq!(way.took(Bridge, asked), Some(us(5)));
        assert_eq!(way.took(Asker, asked), Some(us(200 - 143)));
    }

    #[test]
    fn questions_are_found_by_counting_bytes_however_they_are_cut() {
        let sightings = [(Point::ServerIn, 1, 3), (Point::ServerIn, 2, 2), (Point::ServerIn, 3, 5)];
        let answers = [(Point::AnswerOut, 4, 4), (Point::AnswerOut, 9, 6)];
        let ways = ways(&run(), &trace(&[&sightings[..], &answers[..]].concat()));
        assert_eq!([ways[0], ways[1]].map(|way| way.at(Point::ServerIn)), [Some(us(2)), Some(us(3))]);
        assert_eq!([ways[0], ways[1]].map(|way| way.at(Point::AnswerOut)), [Some(us(4)), Some(us(9))]);
        assert_eq!(ways[0].at(Point::BridgeIn), None);
    }

    #[test]
    fn what_nobody_watched_is_unknown_and_not_guessed() {
        let run = run();
        let asked = run.questions[0].span().unwrap();
        assert_eq!(Way::default().legs(asked), [(Leg::Unknown, asked)]);
        let no_server: Vec<_> = WHOLE.into_iter().filter(|(point, ..)| !(4..7).contains(&(*point as usize))).collect();
        let kinds: Vec<Leg> = ways(&run, &trace(&no_server))[0].legs(asked).iter().map(|(leg, _)| *leg).collect();
        use Leg::{Asker, Bridge, Unknown, WireBack, WireOut};
        assert_eq!(kinds, [Asker, Bridge, WireOut, Unknown, WireBack, Bridge, Asker]);
        assert_eq!(ways(&run, &trace(&no_server))[0].thinking(), None);
    }

    #[test]
    fn a_clock_with_coarse_steps_leaves_nothing_outside_the_question() {
        let run = run();
        let asked = Span { from: us(100), until: us(200) };
        for (_, at) in ways(&run, &trace(&WHOLE))[0].moments(asked) {
            assert!((asked.from..=asked.until).contains(&at), "{at:?}");
        }
    }
}

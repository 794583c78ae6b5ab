//! Whether a pace was kept, judged by the rounds themselves, and whose queue it was if not.
//!
//! A round that begins late waited for something. As long as the answer before was not there, it waited for that answer; after
//! that, for the asker's own timer.

use std::time::Duration;

use crate::distribution::Distribution;
use crate::percentile::Percentile;
use crate::reading::Reading;
use crate::rounds::{Connections, Rounds, Stopwatch};
use crate::unit::{grouped, readable};

/// A round of a paced series: moments since the first round was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacedRound {
    /// When it was due.
    pub due: Duration,
    /// When it could begin: it was due, and the answer before was there.
    pub ready: Duration,
    /// When it began: when its connection began to be made, or its question was sent.
    pub begun: Duration,
    /// When its answer came.
    pub answered: Duration,
}

/// How a paced series went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Whether the pace was kept.
    pub verdict: Verdict,
    /// After which time each round was due.
    pub pace: Duration,
    /// How many rounds there were.
    pub rounds: usize,
    /// How many of them began late.
    pub late: usize,
    /// From the begin of a round to its answer, at the median.
    pub own: Duration,
    /// How late the first tenth of the rounds began, at the median.
    pub late_first: Duration,
    /// How late the last tenth of the rounds began, at the median.
    pub late_last: Duration,
    /// How late the asker's own timer was, at the median: from when a round could begin to its begin.
    pub timer_late: Duration,
    /// The smallest step of the clock that took the times.
    pub clock_step: Duration,
    /// Which connections carried the rounds.
    pub connections: Connections,
    /// p99 from the begin of a round, and from when it was due; `None` if there are too few rounds.
    pub p99: Option<[Duration; 2]>,
}

/// Whether a pace was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every round began when it was due.
    Kept,
    /// Some rounds began late, but the queue did not grow from the first tenth to the last.
    CaughtUp(Cause),
    /// The queue grew from the first tenth to the last.
    Grew(Cause),
}

/// What late rounds waited for, for the most part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The answer before, most of whose time was the server's.
    Server,
    /// The answer before, most of whose time was the way there and back: a connection carries one question at a time.
    Connection,
    /// The answer before; whose its time was is not known.
    Answer,
    /// The asker's own timer: the answer before was there when the round was due.
    Timer,
}

/// What is known of where the time of an answer went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// How long the server was busy with a question.
    pub server_busy: Option<Duration>,
    /// How much the link adds there and back.
    pub link_round_trip: Option<Duration>,
}

impl Known {
    /// Whose most of an answer's time is.
    fn cause(self, own: Duration) -> Cause {
        match self {
            Self { server_busy: Some(busy), .. } if busy >= own / 2 => Cause::Server,
            Self { server_busy: Some(_), .. } => Cause::Connection,
            Self { link_round_trip: Some(there_and_back), .. } if there_and_back >= own / 2 => Cause::Connection,
            _ => Cause::Answer,
        }
    }
}

/// Judges rounds in their order, by a clock with such steps; `None` if there are none.
pub fn judge(rounds: &[PacedRound], pace: Duration, clock_step: Duration, known: Known) -> Option<Queue> {
    if rounds.is_empty() {
        return None;
    }
    let late_by = |round: &PacedRound| round.begun.saturating_sub(round.due);
    let own_time = |round: &PacedRound| round.answered.saturating_sub(round.begun);
    // Less than this is not late: the clock's step, and a twentieth of the pace.
    let tolerance = clock_step.max(pace / 20);
    let tenth = rounds.len().div_ceil(10);
    let median = |rounds: &[PacedRound]| rounds.iter().map(late_by).collect::<Distribution>().median();
    let (late_first, late_last) = (median(&rounds[..tenth]), median(&rounds[rounds.len() - tenth..]));
    let own: Distribution = rounds.iter().map(own_time).collect();
    let due: Distribution = rounds.iter().map(|round| round.answered.saturating_sub(round.due)).collect();
    let (mut for_answers, mut for_timer) = (Duration::ZERO, Duration::ZERO);
    for round in rounds {
        for_answers += round.ready.saturating_sub(round.due);
        for_timer += round.begun.saturating_sub(round.ready);
    }
    let cause = if for_timer > for_answers { Cause::Timer } else { known.cause(own.median()) };
    let late = rounds.iter().filter(|round| late_by(round) > tolerance).count();
    // A queue grows slowly where an answer takes hardly longer than the pace.
    let is_too_fast = own.summary().mean > pace;
    let growth = late_last.saturating_sub(late_first);
    let verdict = match growth > pace.max(tolerance) || (is_too_fast && growth > tolerance) {
        true => Verdict::Grew(cause),
        false if late > 0 => Verdict::CaughtUp(cause),
        false => Verdict::Kept,
    };
    let timer_late: Distribution = rounds.iter().map(|round| round.begun.saturating_sub(round.ready)).collect();
    let p99 = own.percentile(Percentile::P99).zip(due.percentile(Percentile::P99)).map(<[Duration; 2]>::from);
    Some(Queue {
        verdict,
        pace,
        rounds: rounds.len(),
        late,
        own: own.median(),
        late_first,
        late_last,
        timer_late: timer_late.median(),
        clock_step,
        connections: Connections::One,
        p99,
    })
}

impl Rounds {
    /// How the pace of the rounds that are counted was kept; `None` without a pace, without an answer, and where rounds failed of
    /// which it is not known when those after them could begin.
    pub fn queue(&self) -> Option<Queue> {
        let pace = self.plan.pace?;
        let is_known = self.answered.iter().all(|round| round.since_ready().is_some());
        let connections = self.plan.connections;
        if !is_known && self.errors > 0 && connections == Connections::Each {
            return None;
        }
        let (stopwatch, round_trips) = match connections {
            Connections::One => (Stopwatch::Question, 1),
            // Connecting takes a round trip of its own.
            Connections::Each => (Stopwatch::Connecting, 2),
        };
        let mut answer_before = Duration::ZERO;
        let rounds = self.answered.iter().zip(0..).map(|(round, index)| {
            let due = pace.saturating_mul(index);
            let answered = due.saturating_add(round.took(Stopwatch::Due));
            let begun = answered.saturating_sub(round.took(stopwatch));
            let ready = match round.since_ready() {
                Some(since) => answered.saturating_sub(since),
                None => answer_before.max(due).min(begun),
            };
            answer_before = answered;
            PacedRound { due, ready, begun, answered }
        });
        // What the first of them waited for is known from the warm-up.
        let rounds: Vec<PacedRound> = rounds.skip(self.discarded()).collect();
        let link_round_trip = self.wire.map(|wire| wire.rtt * round_trips);
        let known = Known { server_busy: self.thinking_mean, link_round_trip };
        let queue = judge(&rounds, pace, self.clock_step, known)?;
        Some(Queue { connections, ..queue })
    }
}

impl Queue {
    /// What became of the pace, in sentences.
    pub fn in_words(&self) -> String {
        let Self { rounds, late, late_first, late_last, .. } = self;
        let every = format!("A round was due every {}", readable(self.pace));
        let known = |time| Reading::new(time, self.clock_step).in_words();
        let (late, all) = (grouped(*late as u64), grouped(*rounds as u64));
        let mut words = match self.verdict {
            Verdict::Kept => format!("{every}, and every round began when it was due."),
            Verdict::CaughtUp(cause) => format!(
                "{every}. {late} of {all} rounds began late because {}, but the queue did not grow.",
                self.reason(cause)
            ),
            Verdict::Grew(cause) => format!(
                "{every}, and the queue grew: the first tenth of the rounds began {} late, the last tenth {}, because {}. One round \
                 took {}.",
                known(*late_first),
                known(*late_last),
                self.reason(cause),
                known(self.own),
            ),
        };
        if matches!(self.verdict, Verdict::CaughtUp(Cause::Timer) | Verdict::Grew(Cause::Timer)) {
            words += &format!(" That timer was {} late at the median.", known(self.timer_late));
        }
        if let Some([begun, due]) = self.p99 {
            let from = match self.connections {
                Connections::One => "the question was sent",
                Connections::Each => "connecting began",
            };
            words += &format!(
                " p99 is {} from when {from}, and {} from when the question was due (what coordinated omission hides).",
                known(begun),
                known(due)
            );
        }
        words
    }

    fn reason(&self, cause: Cause) -> &'static str {
        match (cause, self.connections) {
            (Cause::Server, _) => "the server was busy with the question before",
            (Cause::Connection, Connections::One) => {
                "the answer before was still on its way: a connection carries one question at a time (head-of-line blocking)"
            }
            (Cause::Connection, Connections::Each) => {
                "the round before was still on its way, and no round begins before its end (closed loop)"
            }
            (Cause::Answer, _) => "the answer before was not there yet",
            (Cause::Timer, _) => "the asker’s own timer was late, although the answer before was there",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Rounds over one connection, each of which takes as long as `own` says of its number, and begins `timer` after it could.
    fn series(count: u64, pace: Duration, own: impl Fn(u64) -> Duration, timer: Duration) -> Vec<PacedRound> {
        let mut free = Duration::ZERO;
        let rounds = (0..count).map(|number| {
            let due = pace * number as u32;
            let ready = due.max(free);
            let begun = ready + timer;
            free = begun + own(number);
            PacedRound { due, ready, begun, answered: free }
        });
        rounds.collect()
    }

    fn judged(rounds: &[PacedRound], pace: Duration, known: Known) -> Queue {
        judge(rounds, pace, us(5), known).unwrap()
    }

    #[test]
    fn across_a_continent_it_is_the_connection_that_cannot_keep_the_pace() {
        let pace = us(20_000);
        let rounds = series(100, pace, |_| us(70_400), us(30));
        for known in [
            Known { server_busy: Some(us(200)), link_round_trip: None },
            Known { server_busy: None, link_round_trip: Some(us(70_000)) },
        ] {
            let queue = judged(&rounds, pace, known);
            assert_eq!((queue.verdict, queue.late), (Verdict::Grew(Cause::Connection), 99));
            assert!(queue.in_words().contains("a connection carries one question at a time"), "{}", queue.in_words());
        }
        assert_eq!(judged(&rounds, pace, Known::default()).verdict, Verdict::Grew(Cause::Answer));
    }

    #[test]
    fn a_server_that_thinks_as_long_as_the_pace_lets_the_queue_grow() {
        let pace = us(5_000);
        let rounds = series(40, pace, |_| us(5_150), us(20));
        let queue = judged(&rounds, pace, Known { server_busy: Some(us(5_000)), link_round_trip: None });
        assert_eq!(queue.verdict, Verdict::Grew(Cause::Server));
        assert!(queue.late_last > us(5_000) && queue.late_first < us(1_000), "{queue:?}");
        assert_eq!(queue.p99, None, "40 rounds do not carry it");
    }

    #[test]
    fn p99_is_named_both_ways_where_late_answers_let_others_wait() {
        let pace = us(2_500);
        // Twice in a thousand rounds an answer takes 80 ms, and those after it wait.
        let stalls = |number| if number == 300 || number == 600 { us(80_000) } else { us(400 + number % 10 * 340) };
        let queue = judged(&series(1_000, pace, stalls, us(10)), pace, Known::default());
        assert_eq!(queue.verdict, Verdict::CaughtUp(Cause::Answer));
        let [begun, due] = queue.p99.unwrap();
        assert!(begun <= us(3_500) && due > us(60_000), "{queue:?}");
        let words = queue.in_words().replace('\u{a0}', " ");
        assert!(words.contains("p99 is 3.46 ms from when the question was sent, and "), "{words}");
    }

    #[test]
    fn a_timer_that_is_late_is_not_taken_for_a_server_that_is_busy() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(640)), pace, Known::default());
        assert_eq!((queue.verdict, queue.own), (Verdict::CaughtUp(Cause::Timer), us(360)));
        let words = queue.in_words().replace('\u{a0}', " ");
        assert!(
            words.contains("own timer was late") && words.contains("timer was 640 µs late at the median"),
            "{words}"
        );
    }

    #[test]
    fn a_pace_that_is_kept_is_said_to_be() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(4)), pace, Known::default());
        assert_eq!(queue.verdict, Verdict::Kept);
        assert_eq!(judge(&[], pace, us(5), Known::default()), None);
    }
}

//! Whether a pace was kept, and what late rounds waited for.
//!
//! A late round first waited for the answer before, and after that for the client's own timer.

use std::time::Duration;

use crate::distribution::Distribution;
use crate::percentile::Percentile;
use crate::round::Stopwatch;
use crate::rounds::{Connections, Rounds};

/// A round of a paced series. Moments count from when the first round was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacedRound {
    /// When it was due.
    pub due: Duration,
    /// When it was ready: due, and the answer before had arrived.
    pub ready: Duration,
    /// When it began: when connecting began, or the question was sent.
    pub begun: Duration,
    /// When its answer arrived.
    pub answered: Duration,
}

/// How a pace was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Whether the pace was kept.
    pub verdict: PaceVerdict,
    /// The time between the moments at which rounds were due.
    pub pace: Duration,
    /// The number of rounds.
    pub rounds: usize,
    /// The number of rounds that began late.
    pub late: usize,
    /// The median time from the begin of a round to its answer.
    pub own: Duration,
    /// The median lateness of the first tenth of the rounds.
    pub late_first: Duration,
    /// The median lateness of the last tenth of the rounds.
    pub late_last: Duration,
    /// The median lateness of the client's own timer: from when a round was ready until it began.
    pub timer_late: Duration,
    /// The smallest step of the clock.
    pub clock_step: Duration,
    /// The connections that carried the rounds.
    pub connections: Connections,
    /// p99 from the begin of a round, and from when it was due; `None` if there are too few rounds.
    pub p99: Option<[Duration; 2]>,
}

/// Whether a pace was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceVerdict {
    /// Every round began when it was due.
    Kept,
    /// Some rounds began late, but the queue did not grow from the first tenth to the last.
    CaughtUp(Cause),
    /// The queue grew from the first tenth to the last.
    Grew(Cause),
}

/// What late rounds mostly waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The answer before, most of whose time was spent in the server.
    Server,
    /// The answer before, most of whose time was spent on the link: a connection carries one question at a time.
    Connection,
    /// The answer before; where its time was spent is unknown.
    Answer,
    /// The client's own timer: the answer before had arrived when the round was due.
    Timer,
}

/// What is known about where the time of an answer was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownTimes {
    /// How long the server works on a question.
    pub server_busy: Option<Duration>,
    /// The round-trip time that the link adds.
    pub link_round_trip: Option<Duration>,
}

impl KnownTimes {
    /// Returns where most of an answer's time was spent.
    fn cause(self, own: Duration) -> Cause {
        match self {
            Self { server_busy: Some(busy), .. } if busy >= own / 2 => Cause::Server,
            Self { server_busy: Some(_), .. } => Cause::Connection,
            Self { link_round_trip: Some(round_trip), .. } if round_trip >= own / 2 => Cause::Connection,
            _ => Cause::Answer,
        }
    }
}

/// Judges rounds in their order; `None` if there are none. Less than a clock step is not late.
pub fn judge(rounds: &[PacedRound], pace: Duration, clock_step: Duration, known: KnownTimes) -> Option<Queue> {
    if rounds.is_empty() {
        return None;
    }
    let late_by = |round: &PacedRound| round.begun.saturating_sub(round.due);
    let own_time = |round: &PacedRound| round.answered.saturating_sub(round.begun);
    // A round is late from a clock step and a twentieth of the pace on.
    let tolerance = clock_step.max(pace / 20);
    let tenth = rounds.len().div_ceil(10);
    let median = |rounds: &[PacedRound]| rounds.iter().map(late_by).collect::<Distribution>().median();
    let late_first = median(&rounds[..tenth]);
    let late_last = median(&rounds[rounds.len() - tenth..]);
    let own: Distribution = rounds.iter().map(own_time).collect();
    let due: Distribution = rounds.iter().map(|round| round.answered.saturating_sub(round.due)).collect();
    let mut for_answers = Duration::ZERO;
    let mut for_timer = Duration::ZERO;
    for round in rounds {
        for_answers += round.ready.saturating_sub(round.due);
        for_timer += round.begun.saturating_sub(round.ready);
    }
    let cause = if for_timer > for_answers { Cause::Timer } else { known.cause(own.median()) };
    let late = rounds.iter().filter(|round| late_by(round) > tolerance).count();
    // A queue grows slowly if answers take hardly longer than the pace.
    let is_too_fast = own.summary().mean > pace;
    let growth = late_last.saturating_sub(late_first);
    let verdict = if growth > pace.max(tolerance) || (is_too_fast && growth > tolerance) {
        PaceVerdict::Grew(cause)
    } else if late > 0 {
        PaceVerdict::CaughtUp(cause)
    } else {
        PaceVerdict::Kept
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
    /// Judges how the samples kept their pace; `None` without a pace, without a sample, and if rounds failed so that it is unknown when
    /// those after them were ready.
    pub fn queue(&self) -> Option<Queue> {
        let pace = self.plan.pace?;
        let is_known = self.answered.iter().all(|round| round.since_ready().is_some());
        let connections = self.plan.connections;
        if !is_known && self.errors > 0 && connections == Connections::Each {
            return None;
        }
        let (stopwatch, round_trips) = match connections {
            Connections::One => (Stopwatch::Question, 1),
            // Connecting takes another round trip.
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
        // The warm-up is left out only now, because the first sample may have waited for its last answer.
        let rounds: Vec<PacedRound> = rounds.skip(self.discarded()).collect();
        let link_round_trip = self.link.map(|link| link.rtt * round_trips);
        let known = KnownTimes { server_busy: self.thinking_mean, link_round_trip };
        let queue = judge(&rounds, pace, self.clock_step, known)?;
        Some(Queue { connections, ..queue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Rounds over one connection. Each takes `own` of its number, and begins `timer` after it was ready.
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

    fn judged(rounds: &[PacedRound], pace: Duration, known: KnownTimes) -> Queue {
        judge(rounds, pace, us(5), known).unwrap()
    }

    #[test]
    fn across_a_continent_the_connection_cannot_keep_the_pace() {
        let pace = us(20_000);
        let rounds = series(100, pace, |_| us(70_400), us(30));
        for known in [
            KnownTimes { server_busy: Some(us(200)), link_round_trip: None },
            KnownTimes { server_busy: None, link_round_trip: Some(us(70_000)) },
        ] {
            let queue = judged(&rounds, pace, known);
            assert_eq!((queue.verdict, queue.late), (PaceVerdict::Grew(Cause::Connection), 99));
            assert!(queue.describe().contains("a connection carries one question at a time"), "{}", queue.describe());
        }
        assert_eq!(judged(&rounds, pace, KnownTimes::default()).verdict, PaceVerdict::Grew(Cause::Answer));
    }

    #[test]
    fn a_server_that_thinks_as_long_as_the_pace_lets_the_queue_grow() {
        let pace = us(5_000);
        let rounds = series(40, pace, |_| us(5_150), us(20));
        let queue = judged(&rounds, pace, KnownTimes { server_busy: Some(us(5_000)), link_round_trip: None });
        assert_eq!(queue.verdict, PaceVerdict::Grew(Cause::Server));
        assert!(queue.late_last > us(5_000) && queue.late_first < us(1_000), "{queue:?}");
        assert_eq!(queue.p99, None, "40 rounds are too few");
    }

    #[test]
    fn p99_is_stated_both_from_begin_and_from_due() {
        let pace = us(2_500);
        // Twice in a thousand rounds an answer takes 80 ms, and those after it wait.
        let stalls = |number| if number == 300 || number == 600 { us(80_000) } else { us(400 + number % 10 * 340) };
        let queue = judged(&series(1_000, pace, stalls, us(10)), pace, KnownTimes::default());
        assert_eq!(queue.verdict, PaceVerdict::CaughtUp(Cause::Answer));
        let [begun, due] = queue.p99.unwrap();
        assert!(begun <= us(3_500) && due > us(60_000), "{queue:?}");
        let words = queue.describe().replace('\u{a0}', " ");
        assert!(words.contains("p99 is 3.46 ms from when the question was sent, and "), "{words}");
    }

    #[test]
    fn a_late_timer_is_not_mistaken_for_a_busy_server() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(640)), pace, KnownTimes::default());
        assert_eq!((queue.verdict, queue.own), (PaceVerdict::CaughtUp(Cause::Timer), us(360)));
        let words = queue.describe().replace('\u{a0}', " ");
        assert!(
            words.contains("own timer was late") && words.contains("timer was 640 µs late at the median"),
            "{words}"
        );
    }

    #[test]
    fn a_kept_pace_is_recognized() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(4)), pace, KnownTimes::default());
        assert_eq!(queue.verdict, PaceVerdict::Kept);
        assert_eq!(judge(&[], pace, us(5), KnownTimes::default()), None);
    }
}

//! Whether a pace was kept, and what late rounds waited for.
//!
//! A late round first waited for the previous answer, and after that for the client's own timer. If the previous answer was late only
//! because the timer had been late before, the timer is the cause: `lateness` separates the two causes.

use std::time::Duration;

use crate::distribution::Distribution;
use crate::lateness::{divide, without_longest};
use crate::percentile::Percentile;
use crate::round::Stopwatch;
use crate::rounds::{Connections, Rounds};

/// A round of a paced series. Moments count from when the first round was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacedRound {
    /// When the round was due.
    pub due: Duration,
    /// When the round was ready: it was due, and the previous answer had arrived.
    pub ready: Duration,
    /// When the round began: when connecting began, or the question was sent.
    pub begun: Duration,
    /// When the answer of the round arrived.
    pub answered: Duration,
}

impl PacedRound {
    /// Returns how late the round began: the time since it was due.
    pub fn late(&self) -> Duration {
        self.begun.saturating_sub(self.due)
    }

    /// Returns how late the client's own timer was: from when the round was ready until it began.
    pub fn timer_late(&self) -> Duration {
        self.begun.saturating_sub(self.ready)
    }
}

/// How well a series kept its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Whether the pace was kept.
    pub verdict: PaceVerdict,
    /// The time between the moments at which rounds were due.
    pub pace: Duration,
    /// The number of rounds.
    pub rounds: usize,
    /// The number of rounds that began late by more than the [tolerance](judge).
    pub late: usize,
    /// The median time from the start of a round to its answer.
    pub own: Duration,
    /// The median lateness of the first tenth of the rounds.
    pub late_first: Duration,
    /// The median lateness of the last tenth of the rounds.
    pub late_last: Duration,
    /// The longest lateness.
    pub late_most: Duration,
    /// The mean lateness by its cause.
    pub mean_late: MeanLateness,
    /// The median lateness of the client's own timer: from when a round was ready until it began. Rounds that were ready late and began
    /// at once needed no timer, and do not count.
    pub timer_late: Duration,
    /// p99 of the lateness of the client's own timer; `None` if there are too few rounds.
    pub timer_late_p99: Option<Duration>,
    /// The smallest step of the clock.
    pub clock_step: Duration,
    /// The connections that carried the rounds.
    pub connections: Connections,
    /// p99 of the times until the answers; `None` if there are too few rounds.
    pub p99: Option<TimesUntilAnswer>,
}

/// The mean lateness of rounds by its cause. Both parts add up to the mean lateness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeanLateness {
    /// The part because of previous answers, which would remain if the client's timer were never late.
    pub by_answers: Duration,
    /// The part because of the client's timer.
    pub by_timer: Duration,
}

/// The time until the answer, from different moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimesUntilAnswer {
    /// The time from when the round began.
    pub begun: Duration,
    /// The time from when the round was due.
    pub due: Duration,
    /// The time from when the round was due, as it would be if the client's timer were never late.
    pub due_without_timer: Duration,
}

/// Whether a pace was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceVerdict {
    /// Every round began when it was due, within the [tolerance](judge).
    Kept,
    /// Some rounds began late, but the lateness did not grow from the first tenth of the rounds to the last.
    CaughtUp(Cause),
    /// The lateness grew from the first tenth of the rounds to the last, and not because of a single stall.
    Grew(Cause),
}

/// What late rounds mostly waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The previous answer, most of whose time was spent in the server.
    Server,
    /// The previous answer, most of whose time was spent on the link: a connection carries one question at a time.
    Connection,
    /// The previous answer; where its time was spent is unknown.
    Answer,
    /// The client's own timer, which was late for the round or for one before it.
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
    /// Returns the cause of late answers whose median time is `own`: where at least half of that time was spent.
    fn cause(self, own: Duration) -> Cause {
        match self {
            Self { server_busy: Some(busy), .. } if busy >= own / 2 => Cause::Server,
            Self { server_busy: Some(_), .. } => Cause::Connection,
            Self { link_round_trip: Some(round_trip), .. } if round_trip >= own / 2 => Cause::Connection,
            _ => Cause::Answer,
        }
    }
}

/// Judges whether `rounds`, in their order, kept the pace. The first `warm_up` rounds are not judged: they only show what the rounds
/// after them waited for. `None` if there are no rounds after them.
///
/// A round counts as late if it began later than the tolerance after it was due. The tolerance is a tenth of the median time from the
/// begin of a round to its answer, but at most a twentieth of the pace, and at least a clock step. A longer lateness would change the
/// first digits of that time.
pub fn judge(
    rounds: &[PacedRound],
    warm_up: usize,
    pace: Duration,
    clock_step: Duration,
    known: KnownTimes,
) -> Option<Queue> {
    let lateness = divide(rounds);
    let lateness = lateness.get(warm_up..)?;
    let steady = without_longest(rounds, warm_up);
    let steady = steady.get(warm_up..)?;
    let rounds = rounds.get(warm_up..).filter(|rounds| !rounds.is_empty())?;

    let late: Vec<Duration> = rounds.iter().map(PacedRound::late).collect();
    let own_times: Vec<Duration> = rounds.iter().map(|round| round.answered.saturating_sub(round.begun)).collect();
    let own: Distribution = own_times.iter().copied().collect();
    let due: Distribution = rounds.iter().map(|round| round.answered.saturating_sub(round.due)).collect();
    let due_without_timer: Distribution =
        own_times.iter().zip(lateness).map(|(own, late)| *own + late.by_answers).collect();
    let by_answers: Distribution = lateness.iter().map(|late| late.by_answers).collect();
    let by_timer: Distribution = lateness.iter().map(|late| late.by_timer).collect();
    let needs_timer = |round: &&PacedRound| round.ready == round.due || round.timer_late() >= clock_step;
    let timer: Distribution = rounds.iter().filter(needs_timer).map(PacedRound::timer_late).collect();
    let mean_late = MeanLateness { by_answers: by_answers.summary().mean, by_timer: by_timer.summary().mean };

    let tolerance = clock_step.max((pace / 20).min(own.median() / 10));
    let late_count = late.iter().filter(|late| **late > tolerance).count();
    let [late_first, late_last] = first_and_last(&late);
    let cause = if mean_late.by_timer > mean_late.by_answers { Cause::Timer } else { known.cause(own.median()) };
    let verdict = if grows(steady, &own_times, pace, clock_step) {
        PaceVerdict::Grew(cause)
    } else if late_count > 0 {
        PaceVerdict::CaughtUp(cause)
    } else {
        PaceVerdict::Kept
    };
    let p99 = |times: &Distribution| times.percentile(Percentile::P99);
    let p99_until_answer = p99(&own).zip(p99(&due)).zip(p99(&due_without_timer));
    Some(Queue {
        verdict,
        pace,
        rounds: rounds.len(),
        late: late_count,
        own: own.median(),
        late_first,
        late_last,
        late_most: late.iter().max().copied().unwrap_or_default(),
        mean_late,
        timer_late: timer.median(),
        timer_late_p99: p99(&timer),
        clock_step,
        connections: Connections::One,
        p99: p99_until_answer.map(|((begun, due), due_without_timer)| TimesUntilAnswer {
            begun,
            due,
            due_without_timer,
        }),
    })
}

/// Whether the lateness grew from the first tenth of the rounds to the last. It grew fast if by more than the pace. It grew slowly if by
/// more than a twentieth of the pace, while all answers but the longest together took longer than the pace allows for them. `steady` is
/// the lateness without the longest stall.
fn grows(steady: &[Duration], own_times: &[Duration], pace: Duration, clock_step: Duration) -> bool {
    let [first, last] = first_and_last(steady);
    let growth = last.saturating_sub(first);
    let longest = own_times.iter().max().copied().unwrap_or_default();
    let others = own_times.iter().sum::<Duration>().saturating_sub(longest);
    let is_too_fast = others > pace.saturating_mul((own_times.len() as u32).saturating_sub(1));
    growth > pace.max(clock_step) || (is_too_fast && growth > clock_step.max(pace / 20))
}

/// Returns the median of the first tenth of `times` and that of the last tenth.
fn first_and_last(times: &[Duration]) -> [Duration; 2] {
    let tenth = times.len().div_ceil(10);
    let median = |times: &[Duration]| times.iter().copied().collect::<Distribution>().median();
    [median(&times[..tenth]), median(&times[times.len() - tenth..])]
}

impl Rounds {
    /// Judges whether the samples kept their pace. `None` without a pace, without a sample, or if it is unknown when rounds were ready
    /// because rounds before them failed.
    pub fn queue(&self) -> Option<Queue> {
        let pace = self.plan.pace?;
        let is_known = self.answered.iter().all(|round| round.since_ready().is_some());
        let connections = self.plan.connections;
        if !is_known && self.errors > 0 && connections == Connections::Each {
            return None;
        }
        let stopwatch = self.begin_stopwatch();
        // Connecting takes a round trip of its own.
        let round_trips = if stopwatch == Stopwatch::Connecting { 2 } else { 1 };
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
        let rounds: Vec<PacedRound> = rounds.collect();
        let link_round_trip = self.link.settings().map(|link| link.rtt * round_trips);
        let known = KnownTimes { server_busy: self.thinking_mean, link_round_trip };
        let queue = judge(&rounds, self.discarded(), pace, self.clock_step, known)?;
        Some(Queue { connections, ..queue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns rounds over one connection. A round is ready once it is due and the round before it is answered. It begins
    /// `timer` later, and round n is answered `own(n)` after its begin.
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
        judge(rounds, 0, pace, us(5), known).unwrap()
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
            assert!(
                queue.describe().contains("a question waits for those before it (head-of-line blocking)"),
                "{}",
                queue.describe()
            );
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
        let TimesUntilAnswer { begun, due, .. } = queue.p99.unwrap();
        assert!(begun <= us(3_500) && due > us(60_000), "{queue:?}");
        let words = queue.describe().replace('\u{a0}', " ");
        assert!(words.contains("p99 is 3.46 ms timed from when the question was sent, and "), "{words}");
    }

    #[test]
    fn a_late_timer_is_not_mistaken_for_a_busy_server() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(640)), pace, KnownTimes::default());
        assert_eq!((queue.verdict, queue.own), (PaceVerdict::CaughtUp(Cause::Timer), us(360)));
        let words = queue.describe().replace('\u{a0}', " ");
        assert!(
            words.contains("own timer was late") && words.contains("timer was late by 640 µs at the median"),
            "{words}"
        );
    }

    #[test]
    fn a_kept_pace_is_recognized() {
        let pace = us(2_000);
        let queue = judged(&series(100, pace, |_| us(360), us(4)), pace, KnownTimes::default());
        assert_eq!(queue.verdict, PaceVerdict::Kept);
        assert_eq!(judge(&[], 0, pace, us(5), KnownTimes::default()), None);
    }
}

//! The schedule of many rounds: which is next, when it is due, how long it took. No socket and no clock.
//!
//! A moment is a number of a [`Round`]'s steps since the rounds began.

use std::time::Duration;

use launcelot_measure::{Connections, Round, RoundsPlan};

/// A number of a [`Round`]'s steps since the rounds began.
pub(super) type Moment = u64;

/// With a connection for each round, this many consecutive failures end the series.
const FAILURES_MAX: u32 = 100;

/// Failures alone for this many milliseconds end it too: after a failure a browser delays the next connection, up to
/// seconds each.
const FAILING_MAX_MS: u64 = 10_000;

/// Where many rounds stand.
#[derive(Debug)]
pub(super) struct Schedule {
    plan: RoundsPlan,
    pace: Option<Moment>,
    /// How many rounds have begun.
    begun: u32,
    /// When the first was due, and the one that was begun last.
    first_due: Moment,
    due: Moment,
    /// Since when there has been nothing to wait for.
    free: Moment,
    /// When the round that was begun last could begin: it was due, and there was nothing to wait for.
    ready: Moment,
    /// When connecting began, if it has not been counted yet.
    connecting: Option<Moment>,
    /// When the question was sent whose answer is not here.
    asked: Option<Moment>,
    failures: u32,
    failing_since: Moment,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ask the next question.
    Ask,
    /// Connect, and ask the next question then.
    Connect,
    /// Nothing is due before this.
    Wait(Moment),
    /// All rounds are over.
    Over,
}

impl Schedule {
    /// Nothing has begun.
    pub(super) fn new(plan: RoundsPlan) -> Self {
        Self {
            plan,
            pace: plan.pace.map(steps),
            begun: 0,
            first_due: 0,
            due: 0,
            free: 0,
            ready: 0,
            connecting: None,
            asked: None,
            failures: 0,
            failing_since: 0,
        }
    }

    /// Whether every round has a connection of its own.
    pub(super) fn connects_each(&self) -> bool {
        self.plan.connections == Connections::Each
    }

    /// Which of the three questions the present round asks.
    pub(super) fn question(&self) -> usize {
        self.begun.saturating_sub(1) as usize % 3
    }

    /// Connecting begins.
    pub(super) fn connects(&mut self, at: Moment) {
        self.connecting = Some(at);
    }

    /// The one connection for all rounds is there: only now can the first be due.
    pub(super) fn is_connected(&mut self, at: Moment) {
        self.first_due = at;
        self.free = at;
    }

    /// What is to be done, when nothing is under way. A round that is to be asked has begun.
    pub(super) fn turn(&mut self, now: Moment) -> Turn {
        if self.begun == self.plan.rounds {
            return Turn::Over;
        }
        let due = match self.pace {
            Some(pace) => self.first_due + pace * u64::from(self.begun),
            None => self.free,
        };
        if due > now {
            return Turn::Wait(due);
        }
        (self.due, self.ready) = (due, due.max(self.free));
        self.begun += 1;
        if self.connects_each() { Turn::Connect } else { Turn::Ask }
    }

    /// The question is about to be sent.
    pub(super) fn asks(&mut self, at: Moment) {
        self.asked = Some(at);
    }

    /// Its answer is here; `None` if nothing had been asked.
    pub(super) fn answered(&mut self, at: Moment) -> Option<Round> {
        let asked = self.asked.take()?;
        let connecting = self.connecting.take().unwrap_or(asked);
        self.free = at;
        self.failures = 0;
        let since = |then: Moment| at.saturating_sub(then);
        Some(Round {
            asked: since(asked),
            connecting: since(connecting),
            due: since(self.due),
            ready: since(self.ready),
        })
    }

    /// The round came to nothing. Says whether there is a point in going on.
    pub(super) fn failed(&mut self, at: Moment) -> bool {
        if self.failures == 0 {
            self.failing_since = self.connecting.unwrap_or(at);
        }
        (self.asked, self.connecting) = (None, None);
        self.free = at;
        self.failures += 1;
        let failing = at.saturating_sub(self.failing_since);
        self.failures < FAILURES_MAX && failing < steps(Duration::from_millis(FAILING_MAX_MS))
    }
}

fn steps(duration: Duration) -> Moment {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX) / u64::from(Round::STEP_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rounds: u32, connections: Connections, pace_us: Option<u64>) -> Schedule {
        Schedule::new(RoundsPlan::new(rounds, connections, pace_us.map(Duration::from_micros)))
    }

    #[test]
    fn without_a_pace_each_round_is_due_when_the_answer_before_is_here() {
        let mut schedule = schedule(2, Connections::One, None);
        schedule.connects(0);
        schedule.is_connected(500);
        assert_eq!((schedule.turn(500), schedule.question()), (Turn::Ask, 0));
        schedule.asks(510);
        assert_eq!(schedule.answered(600), Some(Round { asked: 90, connecting: 600, due: 100, ready: 100 }));
        assert_eq!((schedule.turn(600), schedule.question()), (Turn::Ask, 1));
        schedule.asks(603);
        assert_eq!(schedule.answered(700), Some(Round { asked: 97, connecting: 97, due: 100, ready: 100 }));
        assert_eq!(schedule.turn(700), Turn::Over);
    }

    #[test]
    fn a_late_round_is_measured_from_when_it_was_due_and_the_schedule_stays() {
        let mut schedule = schedule(3, Connections::One, Some(100));
        schedule.connects(0);
        schedule.is_connected(50);
        assert_eq!(schedule.turn(50), Turn::Ask);
        schedule.asks(50);
        schedule.answered(2_550);
        assert_eq!(schedule.turn(2_550), Turn::Ask, "it was due at 1,050");
        schedule.asks(2_560);
        assert_eq!(schedule.answered(2_600), Some(Round { asked: 40, connecting: 40, due: 1_550, ready: 50 }));
        assert_eq!(schedule.turn(2_600), Turn::Ask, "it was due at 2,050");
    }

    #[test]
    fn several_rounds_that_a_coarse_timer_let_pass_go_out_late_and_the_lateness_is_its_own() {
        let mut schedule = schedule(4, Connections::One, Some(250));
        schedule.is_connected(0);
        schedule.turn(0);
        schedule.asks(0);
        schedule.answered(1_000);
        assert_eq!(schedule.turn(1_000), Turn::Wait(2_500));
        // The timer comes after a millisecond, when three rounds are due.
        assert_eq!(schedule.turn(10_000), Turn::Ask);
        schedule.asks(10_010);
        assert_eq!(
            schedule.answered(11_010),
            Some(Round { asked: 1_000, connecting: 1_000, due: 8_510, ready: 8_510 })
        );
        assert_eq!(schedule.turn(11_010), Turn::Ask, "it was due at 5,000");
        schedule.asks(11_020);
        assert_eq!(schedule.answered(12_010), Some(Round { asked: 990, connecting: 990, due: 7_010, ready: 1_000 }));
        assert_eq!(schedule.turn(12_010), Turn::Ask, "it was due at 7,500");
    }

    #[test]
    fn a_wait_of_a_day_is_not_cut_off() {
        let day = Duration::from_secs(24 * 3_600);
        let mut schedule = Schedule::new(RoundsPlan::new(9, Connections::One, Some(day)));
        schedule.is_connected(0);
        schedule.turn(0);
        schedule.asks(0);
        let round = schedule.answered(steps(8 * day)).unwrap();
        assert_eq!(round.took(launcelot_measure::Stopwatch::Question), 8 * day);
        assert_eq!(schedule.turn(steps(8 * day)), Turn::Ask);
        schedule.asks(steps(8 * day));
        let round = schedule.answered(steps(9 * day)).unwrap();
        assert_eq!(round.took(launcelot_measure::Stopwatch::Due), 8 * day);
    }

    #[test]
    fn an_early_one_waits_for_its_moment() {
        let mut schedule = schedule(3, Connections::One, Some(100));
        schedule.is_connected(50);
        schedule.turn(50);
        schedule.asks(50);
        schedule.answered(60);
        assert_eq!(schedule.turn(60), Turn::Wait(1_050));
        assert_eq!(schedule.turn(1_049), Turn::Wait(1_050));
        assert_eq!(schedule.turn(1_050), Turn::Ask);
    }

    #[test]
    fn a_round_with_a_connection_of_its_own_pays_for_it() {
        let mut schedule = schedule(2, Connections::Each, None);
        assert_eq!(schedule.turn(0), Turn::Connect);
        schedule.connects(2);
        schedule.asks(900);
        assert_eq!(schedule.answered(1_000), Some(Round { asked: 100, connecting: 998, due: 1_000, ready: 1_000 }));
        assert_eq!((schedule.turn(1_000), schedule.question()), (Turn::Connect, 1));
    }

    #[test]
    fn a_hundred_failures_in_a_row_or_ten_seconds_of_them_are_enough() {
        let mut schedule = schedule(1_000, Connections::Each, None);
        for failure in 1..FAILURES_MAX {
            schedule.turn(0);
            assert!(schedule.failed(0), "{failure}");
        }
        schedule.turn(0);
        schedule.asks(0);
        schedule.answered(0);
        assert!(schedule.failed(10), "an answer in between counts");
        assert!(schedule.failed(90_000_000));
        assert!(!schedule.failed(100_000_010));
    }

    #[test]
    fn an_answer_to_nothing_is_no_round() {
        let mut schedule = schedule(2, Connections::One, None);
        schedule.is_connected(0);
        assert_eq!(schedule.answered(1), None);
    }
}

//! A race of three ways to ask the same questions: the order of the turns, and the times of all turns together.
//!
//! On a short link a single turn says little, because other load on the machine changes each time by more than the ways differ. So the
//! ways take turns, and two ways count as different only if every time of one is longer than every time of the other. On a long link
//! there is time for few turns only: the text then states what these turns showed, and does not generalize.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compare::Difference;
use crate::estimate::Interval;
use crate::reading::Reading;
use crate::run::{self, Run};
use crate::trace::{ConnectPoint, Trace};

/// The largest number of turns. If two ways were alike, all five times of one would lie beyond all five of the other in 2 of 252
/// races (the orders in which ten times can be mixed), so a difference in five turns is hardly ever chance.
pub const TURNS_MAX: usize = 5;

/// Maximum time of all turns together, as far as it can be foreseen: a further turn begins only if a turn of mean length would end in
/// this time. The first turn may take longer.
pub const TURNS_TIME_MAX: Duration = Duration::from_secs(5);

/// The fewest turns that allow a comparison. If two ways were alike, all times of one would lie beyond all of the other in a share of
/// 2·n!·n!/(2n)! of races with n turns: in 2.9 % with four turns, and in 10 % with three.
pub const TURNS_MIN: usize = 4;

/// A median of fewer clock steps than this is too coarse for a ratio.
const CLOCK_STEPS_MIN: u32 = 5;

/// A way to ask several questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One connection; each question waits for the previous answer.
    OneAtATime,
    /// One connection; all questions are sent at once (pipelining).
    SentAhead,
    /// A connection for each question, all opened at the same time.
    AtOnce,
}

impl Way {
    /// All ways, in the order of presentation.
    pub const ALL: [Self; 3] = [Self::OneAtATime, Self::SentAhead, Self::AtOnce];

    /// Returns the order in which the ways are asked in the turn with the number `turn`, from 0. Each of the first three turns begins
    /// with another way.
    pub fn in_turn(turn: usize) -> [Self; 3] {
        let mut ways = Self::ALL;
        ways.rotate_left(turn % Self::ALL.len());
        if turn >= Self::ALL.len() {
            // In the first three turns, each way follows only one of the two others. Reversed, it follows the other one.
            ways.reverse();
        }
        ways
    }
}

/// The results of each way in one turn, mostly runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn<T> {
    /// Each question waits for the previous answer: one run.
    pub one_at_a_time: Vec<T>,
    /// All questions are sent at once: one run.
    pub sent_ahead: Vec<T>,
    /// A connection for each question, all begun at the same moment: as many runs as questions.
    pub at_once: Vec<T>,
}

impl<T> Default for Turn<T> {
    fn default() -> Self {
        Self { one_at_a_time: Vec::new(), sent_ahead: Vec::new(), at_once: Vec::new() }
    }
}

impl<T> Turn<T> {
    /// Returns the results of a way; empty if it has not begun.
    pub fn of(&self, way: Way) -> &[T] {
        match way {
            Way::OneAtATime => &self.one_at_a_time,
            Way::SentAhead => &self.sent_ahead,
            Way::AtOnce => &self.at_once,
        }
    }

    /// Returns the results of a way for modification.
    pub fn of_mut(&mut self, way: Way) -> &mut Vec<T> {
        match way {
            Way::OneAtATime => &mut self.one_at_a_time,
            Way::SentAhead => &mut self.sent_ahead,
            Way::AtOnce => &mut self.at_once,
        }
    }

    /// Returns all results for modification.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.one_at_a_time.iter_mut().chain(&mut self.sent_ahead).chain(&mut self.at_once)
    }

    /// Converts all results.
    pub fn map<U>(self, mut convert: impl FnMut(T) -> U) -> Turn<U> {
        Turn {
            one_at_a_time: self.one_at_a_time.into_iter().map(&mut convert).collect(),
            sent_ahead: self.sent_ahead.into_iter().map(&mut convert).collect(),
            at_once: self.at_once.into_iter().map(&mut convert).collect(),
        }
    }
}

/// Whether another turn should begin after `turns` turns that took `took` together, within [`TURNS_MAX`] and [`TURNS_TIME_MAX`].
pub fn has_another_turn(turns: usize, took: Duration) -> bool {
    let next = took / u32::try_from(turns.max(1)).unwrap_or(u32::MAX);
    turns == 0 || (turns < TURNS_MAX && took + next <= TURNS_TIME_MAX)
}

/// The spread of a time over all turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The median; of an even number of turns the shorter of the two in the middle.
    pub median: Duration,
    /// The turn of the median, from 0.
    pub median_turn: usize,
    /// The shortest time.
    pub least: Duration,
    /// The longest time.
    pub most: Duration,
    /// The number of turns.
    pub turns: usize,
    /// The smallest step of the clock.
    pub clock_step: Duration,
}

impl Spread {
    /// Returns the spread of the times of all turns; `None` if there is none.
    pub fn of(times: &[Duration], clock_step: Duration) -> Option<Self> {
        let least = *times.iter().min()?;
        let most = *times.iter().max()?;
        // Ranks are counted, because the code of a sort would add a fiftieth to the size of the page, for a handful of values.
        let rank = |turn: usize| {
            let is_before = |other: &usize| (times[*other], *other) < (times[turn], turn);
            (0..times.len()).filter(is_before).count()
        };
        let median_turn = (0..times.len()).find(|turn| rank(*turn) == (times.len() - 1) / 2)?;
        Some(Self { median: times[median_turn], median_turn, least, most, turns: times.len(), clock_step })
    }

    /// Compares the medians. They differ only if there are [`TURNS_MIN`] turns and the ranges of both, widened by the clock step, do not
    /// overlap.
    pub fn compared_with(self, other: Self) -> Difference {
        match self.observed_against(other) {
            Difference::TooShort => Difference::TooShort,
            _ if self.turns.min(other.turns) < TURNS_MIN => Difference::TooFewSamples,
            difference => difference,
        }
    }

    /// Returns what the turns showed, however few there were. With fewer than [`TURNS_MIN`] turns a difference may be chance.
    pub fn observed_against(self, other: Self) -> Difference {
        if [self, other].iter().any(|spread| spread.median < spread.clock_step * CLOCK_STEPS_MIN) {
            return Difference::TooShort;
        }
        Difference::between((self.median, self.range()), (other.median, other.range()))
    }

    fn range(self) -> Interval {
        Interval { from: self.least, until: self.most }.widened(self.clock_step)
    }

    /// Describes the median in about three digits, or as less than a clock step.
    pub fn describe(self) -> String {
        Reading::new(self.median, self.clock_step).describe()
    }

    /// Describes the range: `58 ms to 66 ms in 5 turns`, or `once`.
    pub fn describe_turns(self) -> String {
        match self.turns {
            1 => "1 turn".to_owned(),
            turns => {
                let [least, most] = [self.least, self.most].map(|took| Reading::new(took, self.clock_step).describe());
                format!("{least} to {most} in {turns} turns")
            }
        }
    }
}

/// The times of one way in all turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayTimes {
    /// The time from the first question to the last answer.
    pub asking: Spread,
    /// The time from when the first connection was open until the last one was.
    pub opening: Spread,
}

impl WayTimes {
    /// Computes the times of all turns, whose runs began at the same moment; `None` if there is none, or not all are complete.
    pub fn of(turns: &[Vec<&Run>]) -> Option<Self> {
        let mut times: [Vec<Duration>; 2] = Default::default();
        let mut clock_step = Duration::ZERO;
        for runs in turns {
            for (times, time) in times.iter_mut().zip(times_of(runs)?) {
                times.push(time);
            }
            clock_step = runs.iter().map(|run| run.clock_step).fold(clock_step, Duration::max);
        }
        let [asking, opening] = times.map(|times| Spread::of(&times, clock_step));
        Some(Self { asking: asking?, opening: opening? })
    }
}

/// Returns the times of the runs of one turn, in the order of the fields of [`WayTimes`].
fn times_of(runs: &[&Run]) -> Option<[Duration; 2]> {
    let asking = run::asking(runs.iter().copied())?;
    let mut first = Duration::MAX;
    let mut last = Duration::ZERO;
    for run in runs {
        let opened = run.connecting?.until;
        (first, last) = (first.min(opened), last.max(opened));
    }
    Some([asking.took(), last.saturating_sub(first)])
}

/// Returns how long the browser delayed the last of several connections that began at the same moment: the difference between the
/// longest and the shortest time that connecting spent outside of the bridge. Browsers begin handshakes with one host one after the
/// other (Chromium about every 10 ms). `None` unless there are several connections, and the bridge recorded each handshake.
pub fn spacing<'a>(traced: impl IntoIterator<Item = (&'a Run, Option<&'a Trace>)>) -> Option<Duration> {
    let mut least = Duration::MAX;
    let mut most = Duration::ZERO;
    let mut count = 0;
    for (run, trace) in traced {
        let outside = outside_of_the_bridge(run, trace?)?;
        (least, most, count) = (least.min(outside), most.max(outside), count + 1);
    }
    (count > 1).then(|| most.saturating_sub(least))
}

/// Returns the part of connecting before the bridge read the WebSocket handshake and after it responded.
fn outside_of_the_bridge(run: &Run, trace: &Trace) -> Option<Duration> {
    let at = |point| trace.connecting.iter().find(|event| event.point == point).map(|event| event.at);
    let inside = at(ConnectPoint::UpgradeOut)?.checked_sub(at(ConnectPoint::UpgradeIn)?)?;
    Some(run.connecting?.took().saturating_sub(inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Order, RunStatus};
    use crate::step::Step;
    use crate::trace::ConnectEvent;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Returns a run of one question, with the moments in microseconds.
    fn run(connected: u64, answered: u64) -> Run {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        run.record(Step::Connected { at: us(connected) });
        run.record(Step::Asked { at: us(connected) });
        run.record(Step::Answered { at: us(answered), answer: "This.".to_owned() });
        Run { status: RunStatus::Complete, ..run }
    }

    fn spread(times: &[u64]) -> Spread {
        Spread::of(&times.iter().copied().map(us).collect::<Vec<_>>(), us(5)).unwrap()
    }

    #[test]
    fn every_way_is_first_and_last_and_follows_both_others() {
        let turns: Vec<_> = (0..TURNS_MAX).map(Way::in_turn).collect();
        for way in Way::ALL {
            assert!(turns.iter().any(|turn| turn[0] == way) && turns.iter().any(|turn| turn[2] == way));
            for before in Way::ALL.into_iter().filter(|before| *before != way) {
                assert!(
                    turns.iter().any(|turn| turn.windows(2).any(|pair| pair == [before, way])),
                    "{before:?} {way:?}"
                );
            }
        }
    }

    #[test]
    fn there_are_one_to_five_turns_within_five_seconds() {
        let turns = |each: Duration| {
            (1..).find(|turns| !has_another_turn(*turns, each * u32::try_from(*turns).unwrap())).unwrap()
        };
        assert!(has_another_turn(0, Duration::ZERO));
        let cases = [(us(10), 5), (us(999_000), 5), (us(1_200_000), 4), (us(2_400_000), 2), (us(6_000_000), 1)];
        for (each, expected) in cases {
            assert_eq!(turns(each), expected, "{each:?}");
        }
    }

    #[test]
    fn the_median_of_a_spread_is_the_time_of_a_turn() {
        let three = spread(&[9_000, 7_000, 8_000]);
        assert_eq!((three.median, three.median_turn, three.least, three.most), (us(8_000), 2, us(7_000), us(9_000)));
        assert_eq!(three.describe_turns().replace('\u{a0}', " "), "7 ms to 9 ms in 3 turns");
        assert_eq!((spread(&[2, 1]).median, spread(&[7]).describe_turns().as_str()), (us(1), "1 turn"));
        assert_eq!(spread(&[3, 7]).describe_turns().replace('\u{a0}', " "), "less than 5 µs to 7 µs in 2 turns");
        assert_eq!(Spread::of(&[], us(5)), None);
    }

    #[test]
    fn times_that_overlap_or_take_a_few_clock_steps_do_not_differ() {
        let compared = |first: &[u64], second: &[u64]| spread(first).compared_with(spread(second));
        // From times like these, fifteen races over a direct link gave ratios between 0.7 and 11.1.
        assert_eq!(compared(&[700, 2_400, 1_000, 900, 900], &[250, 720, 400, 350, 300]), Difference::NoneSeen);
        assert_eq!(compared(&[700; 4], &[690; 4]), Difference::NoneSeen, "within the clock's step");
        assert_eq!(compared(&[90, 100, 110], &[15, 20, 20]), Difference::TooShort, "20 µs are four steps of 5 µs");
        let told = compared(&[60_000, 61_000, 62_000, 62_000], &[20_000, 20_000, 21_000, 21_000]);
        assert!(matches!(told, Difference::FirstLonger(times) if times.hundredths() == 305), "{told:?}");
    }

    #[test]
    fn few_turns_carry_no_comparison() {
        // The share of all orders of n and n times in which the times of both are separate.
        let chance = |turns: u64| 2.0 * (1..=turns).map(|n| n as f64 / (turns + n) as f64).product::<f64>();
        let fewest = (1..).find(|turns| chance(*turns) <= 0.05).unwrap();
        assert_eq!((fewest as usize, format!("{:.3}", chance(fewest))), (TURNS_MIN, "0.029".to_owned()));
        let compared = |turns: usize| spread(&vec![6_000_000; turns]).compared_with(spread(&vec![2_000_000; turns]));
        assert_eq!([1, 2, 3].map(compared), [Difference::TooFewSamples; 3]);
        assert!(matches!(compared(4), Difference::FirstLonger(times) if times.hundredths() == 300));
    }

    #[test]
    fn the_times_of_a_way_extend_over_all_of_its_connections() {
        let turn = [run(10_000, 31_000), run(30_000, 50_000), run(20_000, 41_000)];
        let times = WayTimes::of(&[turn.iter().collect()]).unwrap();
        let medians = [times.asking, times.opening].map(|spread| spread.median);
        assert_eq!(medians, [us(40_000), us(20_000)]);
        let stopped = Run { status: RunStatus::Stopped, ..run(1, 2) };
        assert_eq!(WayTimes::of(&[turn.iter().collect(), vec![&stopped]]), None);
        assert_eq!(WayTimes::of(&[]), None);
    }

    #[test]
    fn the_spacing_is_the_difference_of_the_times_outside_of_the_bridge() {
        let trace = |from: u64, until: u64| {
            let seen = [(ConnectPoint::UpgradeIn, from), (ConnectPoint::UpgradeOut, until)];
            let connecting = seen.map(|(point, at)| ConnectEvent { point, at: us(at) });
            Trace { connecting: connecting.into(), ..Trace::default() }
        };
        // The moments of each trace count from the first event of its own dialogue.
        let traces = [trace(0, 4_000), trace(7, 4_007), trace(0, 4_500)];
        let runs = [run(6_000, 9_000), run(16_000, 19_000), run(27_000, 30_000)];
        let traced = || runs.iter().zip(traces.iter().map(Some));
        assert_eq!(spacing(traced()), Some(us(20_500)));
        assert_eq!(spacing(traced().take(1)), None);
        assert_eq!(spacing(runs.iter().map(|run| (run, None))), None);
    }
}

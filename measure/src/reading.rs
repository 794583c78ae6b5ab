//! Single measurements: the difference of two readings of one clock, known to plus or minus one clock step.

use std::time::Duration;

use crate::compare::Difference;
use crate::estimate::Interval;
use crate::unit::{Unit, format_duration, format_percent};

/// The difference of two readings of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The difference.
    pub took: Duration,
    /// The smallest step of the clock. Both readings may be late by up to a step, so the difference is known to plus or minus one.
    pub clock_step: Duration,
}

impl Reading {
    /// Creates the difference `took` of two readings of a clock with the step `clock_step`.
    pub fn new(took: Duration, clock_step: Duration) -> Self {
        Self { took, clock_step }
    }

    /// Whether the difference is at least one clock step, and not zero. A smaller one is known only to be less than a step.
    pub fn is_known(self) -> bool {
        self.took >= self.clock_step && !self.took.is_zero()
    }

    /// Returns the interval that contains the true duration.
    pub fn interval(self) -> Interval {
        Interval { from: self.took, until: self.took }.widened(self.clock_step)
    }

    /// Describes the difference in about three digits: `412 µs`, or `less than 16.7 ms` if it is less than a step.
    pub fn describe(self) -> String {
        self.describe_with(&format_duration)
    }

    /// Describes the difference as [`describe`](Self::describe) does, for a sentence about a column of `unit`: in a unit no larger than
    /// the column's.
    pub fn describe_in(self, unit: Unit) -> String {
        self.describe_with(&|time| unit.in_sentence(time))
    }

    fn describe_with(self, format: &dyn Fn(Duration) -> String) -> String {
        if self.is_known() || self.clock_step.is_zero() {
            format(self.took)
        } else {
            ["less than ", &format(self.clock_step)].concat()
        }
    }

    /// Returns the share of this difference in `whole`: `42 %`. `None` if either is less than a step.
    pub fn percent_of(self, whole: Self) -> Option<String> {
        (self.is_known() && whole.is_known()).then(|| format_percent(self.took, whole.took))
    }

    /// Compares two single measurements. Text that shows the result must say that they are single.
    pub fn compared_with(self, other: Self) -> Difference {
        if !self.is_known() || !other.is_known() {
            return Difference::TooShort;
        }
        Difference::between((self.took, self.interval()), (other.took, other.interval()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn by_coarse_clock(took_us: u64) -> Reading {
        Reading::new(us(took_us), us(16_700))
    }

    #[test]
    fn a_time_below_one_step_is_described_as_less_than_a_step() {
        let cases = [
            (by_coarse_clock(0), "less than 16.7 ms"),
            (by_coarse_clock(16_700), "16.7 ms"),
            (by_coarse_clock(33_400), "33.4 ms"),
            (Reading::new(us(3), us(5)), "less than 5 µs"),
            (Reading::new(us(7), us(5)), "7 µs"),
        ];
        for (reading, expected) in cases {
            assert_eq!(reading.describe().replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn a_reading_in_a_sentence_has_a_unit_no_larger_than_that_of_its_column() {
        let describe = |reading: Reading| reading.describe_in(Unit::Milliseconds).replace('\u{a0}', " ");
        assert_eq!(describe(by_coarse_clock(1_853_155)), "1853 ms");
        assert_eq!(describe(by_coarse_clock(0)), "less than 16.7 ms");
        assert_eq!(describe(Reading::new(us(7), us(5))), "7 µs");
    }

    #[test]
    fn a_difference_of_two_readings_is_known_to_one_step_on_either_side() {
        assert_eq!(by_coarse_clock(33_400).interval(), Interval { from: us(16_700), until: us(50_100) });
    }

    #[test]
    fn a_time_below_one_step_has_no_share() {
        let percent = |part, whole| by_coarse_clock(part).percent_of(by_coarse_clock(whole));
        assert_eq!(percent(16_700, 33_400).as_deref(), Some("50\u{a0}%"));
        assert_eq!([percent(0, 33_400), percent(16_700, 0), percent(0, 0)], [None, None, None]);
    }

    #[test]
    fn single_times_differ_only_by_more_than_the_steps_of_both_clocks() {
        let compared = |first, second| Reading::new(us(first), us(5)).compared_with(Reading::new(us(second), us(5)));
        assert_eq!(compared(100, 110), Difference::NoneSeen);
        assert!(matches!(compared(111, 100), Difference::FirstLonger(times) if times.hundredths() == 111));
        assert_eq!(compared(4, 100), Difference::TooShort);
        let other_clock = by_coarse_clock(16_700);
        assert_eq!(Reading::new(us(33_000), us(5)).compared_with(other_clock), Difference::NoneSeen);
    }
}

//! How two times stand to each other, and whether they differ at all.

use std::time::Duration;

use crate::estimate::{Estimate, Estimates, Interval};
use crate::percentile::PERCENTILES;
use crate::unit::{decimal, nanos};

/// How one time stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// One of them rests on too few samples to compare.
    TooFewSamples,
    /// One of them may be nothing within its clock's step, so that a ratio would say nothing.
    TooShort,
    /// What is known of them overlaps: no difference is seen.
    NoneSeen,
    /// The first takes this many times as long as the second.
    FirstLonger(Times),
    /// The second takes this many times as long as the first.
    SecondLonger(Times),
}

/// How many times as long something is, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Times(u64);

impl Times {
    /// How many times as long as `short` something is that took `long`.
    pub fn of(long: Duration, short: Duration) -> Self {
        let short = nanos(short).max(1);
        Self(nanos(long).saturating_mul(100).saturating_add(short / 2) / short)
    }

    /// In hundredths: 410 is 4.1 times as long.
    pub fn hundredths(self) -> u64 {
        self.0
    }

    /// As in `4.1 times as long`: with two decimals below 2, with none from 100 on.
    pub fn in_words(self) -> String {
        let decimals = match self.0 {
            0..200 => 2,
            200..10_000 => 1,
            10_000.. => 0,
        };
        format!("{} times as long", decimal(self.0, 100, decimals))
    }
}

impl Difference {
    /// How two percentiles stand to each other.
    pub fn of(first: Option<Estimate>, second: Option<Estimate>) -> Self {
        let (Some(first), Some(second)) = (first, second) else { return Self::TooFewSamples };
        let (Some(first_within), Some(second_within)) = (first.interval, second.interval) else {
            return Self::TooFewSamples;
        };
        Self::between((first.time, first_within), (second.time, second_within))
    }

    pub(crate) fn between(
        (first, first_within): (Duration, Interval),
        (second, second_within): (Duration, Interval),
    ) -> Self {
        // What may be nothing is no measure for something else.
        if first_within.from > second_within.until {
            if second_within.from.is_zero() { Self::TooShort } else { Self::FirstLonger(Times::of(first, second)) }
        } else if second_within.from > first_within.until {
            if first_within.from.is_zero() { Self::TooShort } else { Self::SecondLonger(Times::of(second, first)) }
        } else {
            Self::NoneSeen
        }
    }

    /// In words, with what each of them is called: `B takes 4.1 times as long as A`.
    pub fn in_words(self, first: &str, second: &str) -> String {
        match self {
            Self::TooFewSamples => "too few samples to compare".to_owned(),
            Self::TooShort => "too short for the clock to compare".to_owned(),
            Self::NoneSeen => "no difference seen".to_owned(),
            Self::FirstLonger(times) => format!("{first} takes {} as {second}", times.in_words()),
            Self::SecondLonger(times) => format!("{second} takes {} as {first}", times.in_words()),
        }
    }
}

/// How the percentiles of one series stand to those of another, in the order of [`PERCENTILES`].
pub fn compare(first: &Estimates, second: &Estimates) -> [Difference; PERCENTILES.len()] {
    std::array::from_fn(|index| Difference::of(first[index], second[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn known(time: u64, from: u64, until: u64) -> Option<Estimate> {
        Some(Estimate { time: us(time), interval: Some(Interval { from: us(from), until: us(until) }) })
    }

    #[test]
    fn only_intervals_that_do_not_overlap_are_told_apart() {
        let cases = [
            (known(410, 400, 420), known(100, 90, 110), "A takes 4.1 times as long as B"),
            (known(100, 90, 110), known(410, 400, 420), "B takes 4.1 times as long as A"),
            (known(120, 115, 125), known(100, 90, 110), "A takes 1.20 times as long as B"),
            (known(191_940, 190_000, 200_000), known(100, 90, 110), "A takes 1919 times as long as B"),
            (known(120, 110, 130), known(100, 90, 110), "no difference seen"),
            (known(120, 110, 130), Some(Estimate { time: us(9), interval: None }), "too few samples to compare"),
            (None, known(100, 90, 110), "too few samples to compare"),
            (known(120, 110, 130), known(0, 0, 5), "too short for the clock to compare"),
            (known(4, 0, 9), known(120, 110, 130), "too short for the clock to compare"),
        ];
        for (first, second, expected) in cases {
            assert_eq!(Difference::of(first, second).in_words("A", "B"), expected);
        }
    }
}

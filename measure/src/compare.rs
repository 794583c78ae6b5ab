//! Comparisons of two times or two series: whether they differ, and by which factor.

use std::time::Duration;

use crate::estimate::{Estimate, Estimates, Interval};
use crate::percentile::PERCENTILES;
use crate::unit::{format_decimal, nanos};

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// One side has too few samples to compare.
    TooFewSamples,
    /// One side may be zero within its clock step, so a ratio would be meaningless.
    TooShort,
    /// The intervals overlap.
    NoneSeen,
    /// The intervals do not overlap, but the times differ by less than a twentieth.
    Negligible,
    /// The first takes this many times as long as the second.
    FirstLonger(Factor),
    /// The second takes this many times as long as the first.
    SecondLonger(Factor),
}

/// The smallest factor that is stated, in hundredths. The conditions of two measurements are hardly ever alike to a twentieth, and
/// "1.00 times as long" states no difference.
const FACTOR_MIN: u64 = 105;

/// A ratio of two times, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(u64);

impl Factor {
    /// Returns `long` divided by `short`.
    pub fn of(long: Duration, short: Duration) -> Self {
        let short = nanos(short).max(1);
        Self(nanos(long).saturating_mul(100).saturating_add(short / 2) / short)
    }

    /// Returns the ratio in hundredths: 410 means 4.1 times as long.
    pub fn hundredths(self) -> u64 {
        self.0
    }

    /// Describes the factor: `4.1 times as long`. It has two decimals below 2, one below 100, and none from 100 on.
    pub fn describe(self) -> String {
        let decimals = match self.0 {
            0..200 => 2,
            200..10_000 => 1,
            10_000.. => 0,
        };
        format!("{} times as long", format_decimal(self.0, 100, decimals))
    }
}

impl Difference {
    /// Compares a percentile of one series with the same percentile of another.
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
        let is_first_longer = first_within.from > second_within.until;
        if !is_first_longer && second_within.from <= first_within.until {
            return Self::NoneSeen;
        }
        let (long, short, short_within) =
            if is_first_longer { (first, second, second_within) } else { (second, first, first_within) };
        let factor = Factor::of(long, short);
        if short_within.from.is_zero() {
            // A time that may be zero cannot be a divisor.
            Self::TooShort
        } else if factor.hundredths() < FACTOR_MIN {
            Self::Negligible
        } else if is_first_longer {
            Self::FirstLonger(factor)
        } else {
            Self::SecondLonger(factor)
        }
    }

    /// Describes the difference, given the names of both sides: `B takes 4.1 times as long as A`.
    pub fn describe(self, first: &str, second: &str) -> String {
        match self {
            Self::TooFewSamples => "too few samples to compare".to_owned(),
            Self::TooShort => "too short for the clock to compare".to_owned(),
            Self::NoneSeen => "no difference seen".to_owned(),
            Self::Negligible => format!("{first} takes about as long as {second}"),
            Self::FirstLonger(factor) => format!("{first} takes {} as {second}", factor.describe()),
            Self::SecondLonger(factor) => format!("{second} takes {} as {first}", factor.describe()),
        }
    }
}

/// Compares the percentiles of two series, in the order of [`PERCENTILES`].
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
    fn only_intervals_that_do_not_overlap_differ() {
        let cases = [
            (known(410, 400, 420), known(100, 90, 110), "A takes 4.1 times as long as B"),
            (known(100, 90, 110), known(410, 400, 420), "B takes 4.1 times as long as A"),
            (known(120, 115, 125), known(100, 90, 110), "A takes 1.20 times as long as B"),
            (known(191_940, 190_000, 200_000), known(100, 90, 110), "A takes 1919 times as long as B"),
            (known(120, 110, 130), known(100, 90, 110), "no difference seen"),
            (known(60_027, 60_022, 60_032), known(60_000, 59_995, 60_005), "A takes about as long as B"),
            (known(1_044, 1_035, 1_050), known(1_000, 990, 1_010), "A takes about as long as B"),
            (known(1_000, 990, 1_010), known(1_060, 1_050, 1_070), "B takes 1.06 times as long as A"),
            (known(120, 110, 130), Some(Estimate { time: us(9), interval: None }), "too few samples to compare"),
            (None, known(100, 90, 110), "too few samples to compare"),
            (known(120, 110, 130), known(0, 0, 5), "too short for the clock to compare"),
            (known(4, 0, 9), known(120, 110, 130), "too short for the clock to compare"),
        ];
        for (first, second, expected) in cases {
            assert_eq!(Difference::of(first, second).describe("A", "B"), expected);
        }
    }
}

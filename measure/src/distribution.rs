//! How many times are distributed, what they come to, and how they compare with others.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::rounds::Round;
use crate::unit::nanos;

/// How many digits of a time are kept: it is known to a thousandth of itself.
const DIGITS: u8 = 3;

/// A time that so many of a hundred times did not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// How many of a hundred; 50 is the median.
    pub percent: f64,
    /// What it is called: `p99.9`.
    pub name: &'static str,
    /// With fewer times than this, no time but the longest is so high.
    pub needs: u64,
}

/// The percentiles that are shown, in their order.
pub const PERCENTILES: [Percentile; 5] = [
    Percentile { percent: 50.0, name: "p50", needs: 2 },
    Percentile { percent: 90.0, name: "p90", needs: 10 },
    Percentile { percent: 99.0, name: "p99", needs: 100 },
    Percentile { percent: 99.9, name: "p99.9", needs: 1_000 },
    Percentile { percent: 99.99, name: "p99.99", needs: 10_000 },
];

/// A distribution of times, in a histogram of high dynamic range.
///
/// It takes 100 kB however many times there are, and counts in the steps of a [`Round`]: up to
/// 200 µs a time is exact, above that it is known to a thousandth.
#[derive(Debug, Clone)]
pub struct Distribution {
    histogram: Histogram<u32>,
    sum: u64,
}

/// What many times come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many they are.
    pub count: u64,
    /// The shortest.
    pub shortest: Duration,
    /// Their mean.
    pub mean: Duration,
    /// The longest.
    pub longest: Duration,
    /// The percentiles, in the order of [`PERCENTILES`].
    pub percentiles: [Duration; PERCENTILES.len()],
}

impl Default for Distribution {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, u64::from(u32::MAX), DIGITS);
        Self { histogram: histogram.expect("the bounds are in order and the digits are few"), sum: 0 }
    }
}

impl FromIterator<Duration> for Distribution {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut distribution = Self::default();
        times.into_iter().for_each(|time| distribution.record(time));
        distribution
    }
}

impl Distribution {
    /// Adds a time. One of more than 7 minutes counts as 7 minutes.
    pub fn record(&mut self, time: Duration) {
        let steps = (nanos(time) / u64::from(Round::STEP_NS)).min(u64::from(u32::MAX));
        self.histogram.saturating_record(steps);
        self.sum += steps;
    }

    /// How many times there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The time that so many percent did not exceed; zero if there is none.
    pub fn percentile(&self, percent: f64) -> Duration {
        of_steps(self.histogram.value_at_percentile(percent))
    }

    /// Each time that was seen, rounded to what is known of it, and how often; the shortest first.
    pub fn times(&self) -> impl Iterator<Item = (Duration, u32)> {
        self.histogram.iter_recorded().map(|at| (of_steps(at.value_iterated_to()), at.count_at_value()))
    }

    /// What they come to.
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            shortest: of_steps(self.histogram.min()),
            mean: of_steps(self.sum / self.count().max(1)),
            longest: of_steps(self.histogram.max()),
            percentiles: PERCENTILES.map(|percentile| self.percentile(percentile.percent)),
        }
    }
}

/// A number of a [`Round`]'s steps.
fn of_steps(steps: u64) -> Duration {
    Duration::from_nanos(steps.saturating_mul(u64::from(Round::STEP_NS)))
}

/// How one time stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Within a twentieth of each other.
    Alike,
    /// So many tenths as long: 41 is 4.1 times as long.
    Longer(u64),
    /// So many tenths as short.
    Shorter(u64),
    /// One of them is shorter than the clock's step.
    Unknown,
}

impl Change {
    /// How `time` stands to `other`.
    pub fn between(time: Duration, other: Duration) -> Self {
        let tenths = |long: Duration, short: Duration| {
            (nanos(long).saturating_mul(10).saturating_add(nanos(short) / 2)) / nanos(short).max(1)
        };
        if time.is_zero() || other.is_zero() {
            Self::Unknown
        } else if time.abs_diff(other) <= other / 20 {
            Self::Alike
        } else if time > other {
            Self::Longer(tenths(time, other))
        } else {
            Self::Shorter(tenths(other, time))
        }
    }
}

/// How the times of one distribution stand to those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The median.
    pub p50: Change,
    /// The 99th percentile.
    pub p99: Change,
}

impl Summary {
    /// How these stand to `other`; `None` if one of them is of no times at all.
    pub fn compared_with(&self, other: &Self) -> Option<Comparison> {
        let [p50, _, p99, ..] = self.percentiles;
        let [other_p50, _, other_p99, ..] = other.percentiles;
        let change = Comparison { p50: Change::between(p50, other_p50), p99: Change::between(p99, other_p99) };
        (self.count > 0 && other.count > 0).then_some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn percentiles_are_known_to_a_thousandth() {
        let summary = (1..=10_000).map(us).collect::<Distribution>().summary();
        for (found, expected) in summary.percentiles.into_iter().zip([5_000, 9_000, 9_900, 9_990, 9_999]) {
            assert!(found.abs_diff(us(expected)) <= us(expected) / 1_000, "{found:?} is not {expected} µs");
        }
        assert_eq!((summary.count, summary.shortest), (10_000, us(1)));
        assert_eq!(summary.mean, Duration::from_nanos(5_000_500));
        assert!(summary.longest.abs_diff(us(10_000)) <= us(10), "{summary:?}");
    }

    #[test]
    fn short_times_are_exact_and_a_wait_beyond_all_measure_counts_as_seven_minutes() {
        let times = [Duration::from_nanos(61_300), Duration::from_nanos(61_300), us(200), Duration::MAX];
        let seen: Vec<_> = times.into_iter().collect::<Distribution>().times().collect();
        assert_eq!(seen[..2], [(Duration::from_nanos(61_300), 2), (us(200), 1)]);
        assert!(seen[2].0 > Duration::from_secs(7 * 60), "{seen:?}");
    }

    #[test]
    fn of_no_times_there_is_nothing_to_compare() {
        let none = Distribution::default().summary();
        assert_eq!((none.count, none.mean, none.percentiles[4]), (0, Duration::ZERO, Duration::ZERO));
        assert_eq!(none.compared_with(&none), None);
    }

    #[test]
    fn two_are_compared_by_their_median_and_their_tail() {
        let mostly = |rest: u64| (0..100).map(|number| us(if number < 98 { 100 } else { rest })).collect();
        let (steady, jerky): (Distribution, Distribution) = (mostly(100), mostly(410));
        let comparison = jerky.summary().compared_with(&steady.summary());
        assert_eq!(comparison, Some(Comparison { p50: Change::Alike, p99: Change::Longer(41) }));
        assert_eq!(Change::between(us(100), us(410)), Change::Shorter(41));
        assert_eq!(Change::between(us(104), us(100)), Change::Alike);
        assert_eq!(Change::between(us(0), us(100)), Change::Unknown);
    }
}

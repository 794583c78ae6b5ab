//! The distribution of many times, and its summary.

mod encoding;

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::percentile::{PERCENTILES, Percentile};
use crate::round::Round;
use crate::unit::nanos;

/// The number of significant digits: the relative error of a time is at most 0.1 %.
const DIGITS: u8 = 3;

/// The longest time that the histogram can count; longer times count as this one. 30 hours, in the steps of a [`Round`].
const LONGEST_STEPS: u64 = 1 << 40;

/// A distribution of times, in a histogram of high dynamic range (HdrHistogram). Distributions can be merged.
///
/// The histogram takes 130 kB for any number of times, and counts in the steps of a [`Round`], 100 ns. Up to 200 µs a time is known to
/// the step, and above that to a thousandth. The shortest and the longest time are exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    histogram: Histogram<u32>,
    shortest: Duration,
    longest: Duration,
    sum_ns: u64,
}

/// The summary of many times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// The number of times.
    pub count: u64,
    /// The shortest time.
    pub shortest: Duration,
    /// The mean.
    pub mean: Duration,
    /// The longest time.
    pub longest: Duration,
    /// The percentiles, in the order of [`PERCENTILES`]; `None` for those that need more samples.
    pub percentiles: [Option<Duration>; PERCENTILES.len()],
}

impl Default for Distribution {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_STEPS, DIGITS);
        Self {
            histogram: histogram.expect("the bounds are in order and the digits are few"),
            shortest: Duration::MAX,
            longest: Duration::ZERO,
            sum_ns: 0,
        }
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
    /// Adds a time. Percentiles count a time of more than 30 hours as 30 hours.
    pub fn record(&mut self, time: Duration) {
        self.histogram.saturating_record(nanos(time) / u64::from(Round::STEP_NS));
        self.shortest = self.shortest.min(time);
        self.longest = self.longest.max(time);
        self.sum_ns = self.sum_ns.saturating_add(nanos(time));
    }

    /// Adds all times of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("both histograms have the same bounds");
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
    }

    /// Returns several percentiles; `None` for those that need more samples.
    pub fn percentiles<const N: usize>(&self, percentiles: [Percentile; N]) -> [Option<Duration>; N] {
        percentiles.map(|percentile| self.percentile(percentile))
    }

    /// Returns the number of times.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns the longest time; zero if there is none.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Returns a percentile; `None` if it needs more samples.
    pub fn percentile(&self, percentile: Percentile) -> Option<Duration> {
        percentile.is_supported_by(self.count()).then(|| self.at_rank(percentile.rank(self.count())))
    }

    /// Returns the median; the longest time if there are too few samples, and zero if there is none.
    pub fn median(&self) -> Duration {
        self.percentile(Percentile::P50).unwrap_or(self.longest)
    }

    /// Returns the time at `rank` among the sorted times, from 1; the longest time beyond the last rank.
    pub fn at_rank(&self, rank: u64) -> Duration {
        let mut passed = 0;
        for at in self.histogram.iter_recorded() {
            passed += at.count_since_last_iteration();
            if passed >= rank {
                return Round::duration(at.value_iterated_to()).max(self.shortest).min(self.longest);
            }
        }
        self.longest
    }

    /// Returns each distinct time, as exactly as it is known, with its count; the shortest first.
    pub fn times(&self) -> impl Iterator<Item = (Duration, u32)> {
        self.histogram
            .iter_recorded()
            .map(|at| (Round::duration(at.value_iterated_to()).min(self.longest), at.count_at_value()))
    }

    /// Returns the summary.
    pub fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            shortest: self.shortest.min(self.longest),
            mean: Duration::from_nanos(self.sum_ns / self.count().max(1)),
            longest: self.longest,
            percentiles: self.percentiles(PERCENTILES),
        }
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
            let found = found.unwrap();
            assert!(found.abs_diff(us(expected)) <= us(expected) / 1_000, "{found:?} is not {expected} µs");
        }
        assert_eq!((summary.count, summary.shortest, summary.longest), (10_000, us(1), us(10_000)));
        assert_eq!(summary.mean, Duration::from_nanos(5_000_500));
    }

    #[test]
    fn the_rank_of_p99_9_of_a_thousand_is_999() {
        let steps: Distribution = (1..=1_000).map(Round::duration).collect();
        assert_eq!(steps.percentile(Percentile::P99_9), Some(Round::duration(999)));
        assert_eq!(steps.percentile(Percentile::P99_99), None, "a thousand times are too few");
        assert_eq!([1, 500, 1_000, 1_001].map(|rank| steps.at_rank(rank)), [1, 500, 1_000, 1_000].map(Round::duration));
    }

    #[test]
    fn the_longest_and_the_shortest_are_exact() {
        let odd = [Duration::from_nanos(12_345_678_901), Duration::from_nanos(1_000_007_001)];
        let summary = odd.into_iter().collect::<Distribution>().summary();
        assert_eq!((summary.shortest, summary.longest), (odd[1], odd[0]));
        assert_eq!(odd.into_iter().collect::<Distribution>().times().last(), Some((odd[0], 1)));
    }

    #[test]
    fn times_of_a_day_are_not_clamped() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let distribution: Distribution = (1..=24).map(hours).chain([Duration::MAX]).collect();
        let median = distribution.percentile(Percentile::P50).unwrap();
        assert!(median.abs_diff(hours(13)) <= hours(13) / 1_000, "{median:?}");
        let day = distribution.at_rank(24);
        assert!(day.abs_diff(hours(24)) <= hours(24) / 1_000, "{day:?}");
        assert_eq!(distribution.longest(), Duration::MAX);
    }

    #[test]
    fn merging_equals_recording_all_times_in_one() {
        let times: Vec<Duration> = (1..=1_000).map(us).collect();
        let mut merged: Distribution = times[..400].iter().copied().collect();
        merged.merge(&times[400..].iter().copied().collect());
        merged.merge(&Distribution::default());
        let whole: Distribution = times.into_iter().collect();
        assert_eq!(merged.summary(), whole.summary());
        assert!(merged.times().eq(whole.times()));
    }

    #[test]
    fn short_times_are_exact() {
        let times = [Duration::from_nanos(61_300), Duration::from_nanos(61_300), us(200)];
        let seen: Vec<_> = times.into_iter().collect::<Distribution>().times().collect();
        assert_eq!(seen, [(Duration::from_nanos(61_300), 2), (us(200), 1)]);
    }

    #[test]
    fn an_empty_distribution_has_no_percentiles() {
        let none = Distribution::default().summary();
        assert_eq!((none.count, none.shortest, none.mean, none.longest), (0, us(0), us(0), us(0)));
        assert_eq!(none.percentiles, [None; 5]);
    }
}

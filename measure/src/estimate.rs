//! Confidence intervals of percentiles, from order statistics.
//!
//! The number of samples that do not exceed a percentile is binomial whatever the distribution, so two ranks enclose the
//! percentile with a known probability. That holds for independent samples. Real rounds are not: a busy moment makes
//! several in a row slow (autocorrelation). So the intervals are those of the effective number of samples, found by comparing the
//! variance of blocks with the variance that independent samples would have (Flyvbjerg and Petersen, 1989, doi:10.1063/1.457480).

use std::time::Duration;

use crate::distribution::Distribution;
use crate::percentile::{PERCENTILES, Percentile};

/// The probability outside each end of a 95 % interval.
const TAIL: f64 = 0.025;

/// The variance of fewer blocks than this, or than the square root of the number of samples, says little.
const BLOCKS_MIN: usize = 8;

/// The smallest number of blocks whose autocorrelation is considered.
const CORRELATED_BLOCKS_MIN: usize = 24;

/// An interval of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The lower end.
    pub from: Duration,
    /// The upper end.
    pub until: Duration,
}

impl Interval {
    /// Returns the interval with both ends moved outward by `by`.
    pub(crate) fn widened(self, by: Duration) -> Self {
        Self { from: self.from.saturating_sub(by), until: self.until.saturating_add(by) }
    }
}

/// A percentile of a series with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The percentile of the samples.
    pub time: Duration,
    /// The 95 % confidence interval of the percentile; `None` if there are too few samples.
    pub interval: Option<Interval>,
}

/// The percentiles of a series, in the order of [`PERCENTILES`]; `None` for those that need more samples.
pub type Estimates = [Option<Estimate>; PERCENTILES.len()];

/// Estimates the percentiles of `times`, which must be in the order of measurement. `clock_step` widens the intervals.
pub fn estimates(times: &[Duration], clock_step: Duration) -> Estimates {
    let count = times.len() as u64;
    let mut ranked = 0;
    // Each distinct time with its highest rank.
    let sorted: Vec<(u64, Duration)> = times
        .iter()
        .copied()
        .collect::<Distribution>()
        .times()
        .map(|(time, count)| {
            ranked += u64::from(count);
            (ranked, time)
        })
        .collect();
    let at = |rank: u64| sorted[sorted.partition_point(|(highest, _)| *highest < rank).min(sorted.len() - 1)].1;
    PERCENTILES.map(|percentile| {
        let time = percentile.is_supported_by(count).then(|| at(percentile.rank(count)))?;
        let effective = effective_count(times, time);
        let interval = interval_ranks(effective, percentile).map(|(lower, upper)| {
            // Ranks of the effective samples, scaled to the real ones.
            let lower = lower * count / effective;
            let upper = (upper * count).div_ceil(effective);
            Interval { from: at(lower.max(1)), until: at(upper.min(count)) }.widened(clock_step)
        });
        Some(Estimate { time, interval })
    })
}

/// Returns the ranks, from 1, of two samples among `count` independent sorted ones that enclose the percentile with a confidence of
/// 95 %: it lies outside at each end with a probability of at most 2.5 %. `None` if there are too few samples.
pub fn interval_ranks(count: u64, percentile: Percentile) -> Option<(u64, u64)> {
    let share = percentile.percent() / 100.0;
    let weights = binomial(count, share);
    let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut below = 0.0;
    let mut lower = 0;
    let mut upper = None;
    for (successes, weight) in weights {
        below += weight / whole;
        // `successes` samples or fewer lie below the percentile with probability `below`.
        if below <= TAIL {
            lower = successes + 1;
        }
        if below >= 1.0 - TAIL && upper.is_none() {
            upper = Some(successes + 1);
        }
    }
    let upper = upper.filter(|upper| *upper <= count)?;
    (lower > 0).then_some((lower, upper))
}

/// Returns the binomial probabilities of the numbers of successes in `count` trials, relative to the most probable number. Numbers of
/// negligible probability are left out; how many remain grows with the square root of `count`.
fn binomial(count: u64, share: f64) -> Vec<(u64, f64)> {
    const NEGLIGIBLE: f64 = 1e-20;
    let odds = share / (1.0 - share);
    let mode = ((count as f64 + 1.0) * share) as u64;
    let down = |(successes, weight): &(u64, f64)| {
        let fewer = successes.checked_sub(1)?;
        Some((fewer, weight * *successes as f64 / ((count - fewer) as f64 * odds)))
    };
    let up = |(successes, weight): &(u64, f64)| {
        let more = (*successes < count).then_some(successes + 1)?;
        Some((more, weight * (count - successes) as f64 * odds / more as f64))
    };
    let is_relevant = |(_, weight): &(u64, f64)| *weight > NEGLIGIBLE;
    let mut weights: Vec<_> =
        std::iter::successors(Some((mode.min(count), 1.0)), down).take_while(is_relevant).collect();
    weights.reverse();
    weights.extend(std::iter::successors(Some((mode.min(count), 1.0)), up).skip(1).take_while(is_relevant));
    weights
}

/// Returns the effective number of independent samples among `times`. Their autocorrelation is judged by whether each sample is below
/// `time`, the percentile to estimate.
fn effective_count(times: &[Duration], time: Duration) -> u64 {
    let is_below = |sample: &Duration| u8::from(*sample < time);
    let mut blocks: Vec<f64> = times.iter().map(is_below).map(f64::from).collect();
    let count = blocks.len() as f64;
    let share = blocks.iter().sum::<f64>() / count;
    let independent = share * (1.0 - share);
    let blocks_min = BLOCKS_MIN.max(times.len().isqrt());
    let mut length = 1.0;
    let mut inflation = 1.0_f64;
    while blocks.len() >= blocks_min && independent > 0.0 {
        let deviations: Vec<f64> = blocks.iter().map(|sum| sum - length * share).collect();
        let squares = deviations.iter().map(|deviation| deviation * deviation).sum::<f64>();
        let variance = squares / (blocks.len() - 1) as f64;
        let mut found = variance / (length * independent);
        if blocks.len() >= CORRELATED_BLOCKS_MIN && squares > 0.0 {
            // The inflation of an AR(1) process with the lag-1 autocorrelation of the blocks, as far as that is beyond chance.
            let correlation = deviations.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / squares;
            let correlation = (correlation - 1.0 / (blocks.len() as f64).sqrt()).clamp(0.0, 0.9);
            found *= (1.0 + correlation) / (1.0 - correlation);
        }
        inflation = inflation.max(found);
        blocks = blocks.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        length *= 2.0;
    }
    ((count / inflation) as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_needs_a_minimum_of_samples() {
        let least = |percentile| (1..).find(|count| interval_ranks(*count, percentile).is_some());
        assert_eq!(least(Percentile::P50), Some(6));
        assert_eq!(least(Percentile::P90), Some(36));
        assert_eq!(least(Percentile::P99), Some(368));
        assert_eq!(least(Percentile::P99_9), Some(3_688));
    }

    #[test]
    fn ranks_match_published_tables() {
        // Hahn and Meeker, Statistical Intervals, table A.15a gives 40 and 61 for the median of 100 at 95 %.
        assert_eq!(interval_ranks(100, Percentile::P50), Some((40, 61)));
        assert_eq!(interval_ranks(100, Percentile::P90), Some((84, 96)));
    }

    #[test]
    fn the_weights_of_a_binomial_are_exact() {
        let weights = binomial(4, 0.5);
        let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let counts: Vec<u64> = weights.iter().map(|(_, weight)| (weight / whole * 16.0).round() as u64).collect();
        assert_eq!(counts, [1, 4, 6, 4, 1]);
        assert!(binomial(1_000_000, 0.999).len() < 2_000);
    }

    #[test]
    fn a_percentile_without_an_interval_still_has_a_time() {
        let times: Vec<_> = (1..=100).map(|index| Duration::from_micros(index * 37 % 101)).collect();
        let [p50, _, p99, p99_9, _] = estimates(&times, Duration::from_micros(5));
        assert!(p50.is_some_and(|estimate| estimate.interval.is_some()));
        assert_eq!(p99, Some(Estimate { time: Duration::from_micros(99), interval: None }));
        assert_eq!(p99_9, None);
    }

    #[test]
    fn the_clock_step_widens_both_ends() {
        let times = vec![Duration::from_micros(100); 50];
        let [p50, ..] = estimates(&times, Duration::from_micros(5));
        let [from, until] = [95, 105].map(Duration::from_micros);
        assert_eq!(p50.and_then(|estimate| estimate.interval), Some(Interval { from, until }));
    }

    #[test]
    fn correlated_samples_have_a_smaller_effective_number() {
        let mixed: Vec<_> = (0..1_000).map(|index| Duration::from_micros(100 + index * 611 % 1_009 % 7)).collect();
        let in_steps: Vec<_> = (0..1_000).map(|index| Duration::from_micros(100 + index / 100 % 7)).collect();
        let count = |times: &[Duration]| effective_count(times, Duration::from_micros(103));
        assert!(count(&mixed) > 500, "{}", count(&mixed));
        assert!(count(&in_steps) < 50, "{}", count(&in_steps));
    }
}

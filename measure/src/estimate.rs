//! How well a percentile is known: order-statistic confidence intervals.
//!
//! The number of samples that do not exceed a percentile is binomial whatever the distribution, so two ranks enclose the
//! percentile with a known probability. That holds for independent samples. Real rounds are not: a busy moment makes
//! several in a row slow. So the intervals are those of the effective number of samples, found by comparing the spread of
//! blocks with what independent samples would have (Flyvbjerg and Petersen, 1989, doi:10.1063/1.457480).

use std::time::Duration;

use crate::distribution::Distribution;
use crate::percentile::{PERCENTILES, Percentile};

/// What lies outside of an interval at each end: 95 % lie within.
const TAIL: f64 = 0.025;

/// The spread of fewer blocks than this, or than the square root of the number of samples, says little.
const BLOCKS_MIN: usize = 8;

/// Fewer neighbours than this say little about how alike neighbours are.
const NEIGHBOURS_MIN: usize = 24;

/// A time that is known to lie between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The lower end.
    pub from: Duration,
    /// The upper end.
    pub until: Duration,
}

impl Interval {
    /// The same with each end further out.
    pub(crate) fn widened(self, by: Duration) -> Self {
        Self { from: self.from.saturating_sub(by), until: self.until.saturating_add(by) }
    }
}

/// A percentile of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The percentile of the samples.
    pub time: Duration,
    /// Where the percentile of what was sampled lies, with 95 % confidence; `None` if the samples are too few to tell.
    pub interval: Option<Interval>,
}

/// The percentiles of a series, in the order of [`PERCENTILES`]; `None` for those that its samples do not carry.
pub type Estimates = [Option<Estimate>; PERCENTILES.len()];

/// Estimates the percentiles of `times`, which stand in the order in which they were measured, by a clock with such steps.
pub fn estimates(times: &[Duration], clock_step: Duration) -> Estimates {
    let count = times.len() as u64;
    let mut ranked = 0;
    // Each time that was seen, with the highest rank that it has.
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
        let time = percentile.is_carried_by(count).then(|| at(percentile.rank(count)))?;
        let effective = effective_count(times, time);
        let interval = interval_ranks(effective, percentile).map(|(lower, upper)| {
            // Ranks of fewer samples, spread over those that there are.
            let (lower, upper) = (lower * count / effective, (upper * count).div_ceil(effective));
            Interval { from: at(lower.max(1)), until: at(upper.min(count)) }.widened(clock_step)
        });
        Some(Estimate { time, interval })
    })
}

/// The ranks, from 1, of two of `count` independent sorted samples that enclose the percentile with at least 95 %: both it and
/// what lies below the lower and above the upper with at most 2.5 % each. `None` if no such ranks exist.
pub fn interval_ranks(count: u64, percentile: Percentile) -> Option<(u64, u64)> {
    let share = percentile.percent() / 100.0;
    let weights = binomial(count, share);
    let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let (mut below, mut lower, mut upper) = (0.0, 0, None);
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

/// How probable each number of successes is in `count` trials, in order, relative to the most probable. Numbers without weight
/// are left out, which leaves about as many as the square root of `count`.
fn binomial(count: u64, share: f64) -> Vec<(u64, f64)> {
    const NO_WEIGHT: f64 = 1e-20;
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
    let has_weight = |(_, weight): &(u64, f64)| *weight > NO_WEIGHT;
    let mut weights: Vec<_> =
        std::iter::successors(Some((mode.min(count), 1.0)), down).take_while(has_weight).collect();
    weights.reverse();
    weights.extend(std::iter::successors(Some((mode.min(count), 1.0)), up).skip(1).take_while(has_weight));
    weights
}

/// As many independent samples would tell as much of how many samples lie below `time`.
fn effective_count(times: &[Duration], time: Duration) -> u64 {
    let is_below = |sample: &Duration| u8::from(*sample < time);
    let mut blocks: Vec<f64> = times.iter().map(is_below).map(f64::from).collect();
    let count = blocks.len() as f64;
    let share = blocks.iter().sum::<f64>() / count;
    let independent = share * (1.0 - share);
    let blocks_min = BLOCKS_MIN.max(times.len().isqrt());
    let (mut length, mut inflation) = (1.0, 1.0_f64);
    while blocks.len() >= blocks_min && independent > 0.0 {
        let off: Vec<f64> = blocks.iter().map(|sum| sum - length * share).collect();
        let spread = off.iter().map(|off| off * off).sum::<f64>();
        let variance = spread / (blocks.len() - 1) as f64;
        let mut found = variance / (length * independent);
        if blocks.len() >= NEIGHBOURS_MIN && spread > 0.0 {
            // What longer blocks would find, if likeness fades evenly with distance: as much of it as is beyond chance.
            let alike = off.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / spread;
            let alike = (alike - 1.0 / (blocks.len() as f64).sqrt()).clamp(0.0, 0.9);
            found *= (1.0 + alike) / (1.0 - alike);
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
    fn an_interval_has_an_upper_end_from_so_many_samples_on() {
        let least = |percentile| (1..).find(|count| interval_ranks(*count, percentile).is_some());
        assert_eq!(least(Percentile::P50), Some(6));
        assert_eq!(least(Percentile::P90), Some(36));
        assert_eq!(least(Percentile::P99), Some(368));
        assert_eq!(least(Percentile::P99_9), Some(3_688));
    }

    #[test]
    fn ranks_are_those_of_the_tables() {
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
    fn a_percentile_without_an_interval_still_has_its_time() {
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
    fn samples_that_hang_together_count_for_fewer() {
        let mixed: Vec<_> = (0..1_000).map(|index| Duration::from_micros(100 + index * 611 % 1_009 % 7)).collect();
        let in_steps: Vec<_> = (0..1_000).map(|index| Duration::from_micros(100 + index / 100 % 7)).collect();
        let count = |times: &[Duration]| effective_count(times, Duration::from_micros(103));
        assert!(count(&mixed) > 500, "{}", count(&mixed));
        assert!(count(&in_steps) < 50, "{}", count(&in_steps));
    }
}

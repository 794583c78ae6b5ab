//! The rates of false and true differences between series.
//!
//! The series are autocorrelated, as real rounds are: AR(1) processes with fixed seeds, skewed by an exponential.

use std::time::Duration;

use launcelot_measure::compare::{Difference, compare};
use launcelot_measure::estimate::{Estimates, estimates};

/// The clock step of a page that is cross-origin isolated.
const STEP: Duration = Duration::from_micros(5);

/// Random numbers by splitmix64, so that a seed means the same series everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a normally distributed number, by the central limit theorem: accurate enough within three standard deviations.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// Returns times around `median_us` whose lag-1 autocorrelation is `correlation`, as a clock with [`STEP`] reads them.
fn series(random: &mut Random, count: usize, correlation: f64, spread: f64, median_us: f64) -> Vec<Duration> {
    let mut state = random.normal();
    let step_us = STEP.as_secs_f64() * 1e6;
    let times = (0..count).map(|_| {
        state = correlation * state + (1.0 - correlation * correlation).sqrt() * random.normal();
        let us = median_us * (spread * state).exp();
        Duration::from_secs_f64((us / step_us).floor() * step_us / 1e6)
    });
    times.collect()
}

fn claims(first: &Estimates, second: &Estimates) -> bool {
    let is_claim =
        |difference: &Difference| matches!(difference, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    compare(first, second).iter().any(is_claim)
}

/// Returns the percentage of pairs of successive series that are found to differ, among 400 series of the same distribution.
fn false_claims(count: usize, correlation: f64, spread: f64) -> f64 {
    let mut random = Random(11);
    let all: Vec<Estimates> =
        (0..400).map(|_| estimates(&series(&mut random, count, correlation, spread, 400.0), STEP)).collect();
    let distinguished = all.windows(2).filter(|pair| claims(&pair[0], &pair[1])).count();
    distinguished as f64 * 100.0 / (all.len() - 1) as f64
}

/// Returns the percentage of series, each a fifth slower than another, whose medians are found to differ.
fn true_claims(count: usize, correlation: f64, spread: f64) -> f64 {
    let mut random = Random(12);
    let pairs = 100;
    let distinguished = (0..pairs).filter(|_| {
        let [usual, slower] =
            [400.0, 480.0].map(|median| estimates(&series(&mut random, count, correlation, spread, median), STEP));
        let [p50, ..] = compare(&slower, &usual);
        assert!(!matches!(p50, Difference::SecondLonger(_)));
        matches!(p50, Difference::FirstLonger(_))
    });
    distinguished.count() as f64 * 100.0 / f64::from(pairs)
}

#[test]
fn at_most_5_percent_of_equal_series_differ() {
    for (count, correlation, spread) in
        [(100, 0.0, 0.3), (100, 0.5, 0.3), (100, 0.8, 0.05), (100, 0.9, 0.3), (90, 0.9, 0.3), (1_000, 0.9, 0.3)]
    {
        let claims = false_claims(count, correlation, spread);
        println!("{count} rounds, correlation {correlation}, spread {spread}: {claims:.1} % differ");
        assert!(claims <= 5.0, "{count} rounds, correlation {correlation}, spread {spread}: {claims} %");
    }
}

#[test]
fn at_least_80_percent_of_series_a_fifth_slower_differ() {
    for (correlation, spread) in [(0.0, 0.3), (0.5, 0.3), (0.8, 0.2), (0.9, 0.1)] {
        let claims = true_claims(1_000, correlation, spread);
        println!("correlation {correlation}, spread {spread}: {claims:.1} % differ");
        assert!(claims >= 80.0, "correlation {correlation}, spread {spread}: {claims} %");
    }
}

#[test]
fn one_late_answer_in_90_samples_makes_no_difference() {
    // One answer in 90 takes 21.9 times as long. p99 of 90 samples would be that maximum.
    let series = |late: Option<usize>| {
        let time = |index: u64| {
            Duration::from_micros(if Some(index as usize) == late { 21_900 } else { 1_000 + index * 37 % 89 })
        };
        estimates(&(0..90).map(time).collect::<Vec<_>>(), STEP)
    };
    let all = [None, Some(3), Some(50), None].map(series);
    for first in &all {
        for second in &all {
            let [p50, p90, p99, ..] = compare(first, second);
            assert_eq!([p50, p90, p99], [Difference::NoneSeen, Difference::NoneSeen, Difference::TooFewSamples]);
        }
    }
}

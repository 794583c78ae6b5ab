//! Comparisons of recorded series: forty series of rounds, one after the other, over the demo's direct path, by the page in Chromium 156
//! on two cores. They are autocorrelated and bimodal, with peaks near 80 µs and 220 µs. The browser and the demo had real-time
//! priority, because the load of other programs would have made successive series differ.
//!
//! `lab/tests/page/rounds/long.rs` records such series. Each line of a fixture is a series, in microseconds.

use std::time::Duration;

use launcelot_measure::compare::{Difference, compare};
use launcelot_measure::estimate::{Estimates, estimates};

/// The smallest step of the clock.
const STEP: Duration = Duration::from_micros(5);

fn recorded(lines: &str) -> Vec<Vec<Duration>> {
    let time = |text: &str| Duration::from_micros(text.parse().expect("a whole number of microseconds"));
    lines.lines().map(|line| line.split(',').map(time).collect()).collect()
}

fn series_of_100() -> Vec<Vec<Duration>> {
    recorded(include_str!("fixtures/forty-series.csv"))
}

fn series_of_1_000() -> Vec<Vec<Duration>> {
    recorded(include_str!("fixtures/forty-series-of-1000.csv"))
}

/// Returns the number of neighbours that differ at any percentile, with the second of each pair scaled by `factor`.
fn differing(series: &[Vec<Duration>], factor: f64) -> usize {
    let usual: Vec<Estimates> = series.iter().map(|series| estimates(series, STEP)).collect();
    let slower = series.iter().map(|series| series.iter().map(|time| time.mul_f64(factor)).collect::<Vec<_>>());
    let slower: Vec<Estimates> = slower.map(|series| estimates(&series, STEP)).collect();
    let is_claim =
        |difference: &Difference| matches!(difference, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    let pairs = usual.iter().zip(&slower[1..]);
    pairs.filter(|(first, second)| compare(first, second).iter().any(is_claim)).count()
}

#[test]
fn at_most_5_percent_of_neighbours_differ() {
    for (series, count) in [(series_of_100(), 100), (series_of_1_000(), 1_000)] {
        assert!(series.len() == 40 && series.iter().all(|series| series.len() == count));
        let claims = differing(&series, 1.0);
        println!("{count} rounds: {claims} of 39 differ");
        assert!(claims <= 2, "{count} rounds: {claims} of 39");
    }
}

#[test]
fn at_least_80_percent_of_series_of_1_000_rounds_a_fifth_slower_differ() {
    let claims = differing(&series_of_1_000(), 1.2);
    println!("1,000 rounds: {claims} of 39 differ");
    assert!(claims * 5 >= 39 * 4, "{claims} of 39");
    // A hundred rounds are too few: the median of a bimodal distribution may be anywhere between its peaks.
    println!("100 rounds: {} of 39 differ", differing(&series_of_100(), 1.2));
}

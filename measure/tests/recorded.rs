//! Comparisons of real series: rounds over the demo's direct path, asked by the page in Chromium 156 on two cores, forty series one
//! after the other. They are autocorrelated, and their times have two peaks, near 80 µs and near 220 µs. The browser and the demo had
//! real-time priority, because other programs ran: without it, one series was not like the next.
//!
//! `lab/tests/page/rounds/long.rs` records such series. A line is a series; its times are in microseconds.

use std::time::Duration;

use launcelot_measure::compare::{Difference, compare};
use launcelot_measure::estimate::{Estimates, estimates};

/// The step of the clock that took the times.
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

/// How many neighbours are told apart at any percentile, if the second of each pair is made `times` times as long.
fn told_apart(series: &[Vec<Duration>], times: f64) -> usize {
    let usual: Vec<Estimates> = series.iter().map(|series| estimates(series, STEP)).collect();
    let slower = series.iter().map(|series| series.iter().map(|time| time.mul_f64(times)).collect::<Vec<_>>());
    let slower: Vec<Estimates> = slower.map(|series| estimates(&series, STEP)).collect();
    let is_claim =
        |difference: &Difference| matches!(difference, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    let pairs = usual.iter().zip(&slower[1..]);
    pairs.filter(|(first, second)| compare(first, second).iter().any(is_claim)).count()
}

#[test]
fn of_forty_series_of_the_same_thing_at_most_one_in_twenty_neighbours_is_told_apart() {
    for (series, count) in [(series_of_100(), 100), (series_of_1_000(), 1_000)] {
        assert!(series.len() == 40 && series.iter().all(|series| series.len() == count));
        let claims = told_apart(&series, 1.0);
        println!("{count} rounds: {claims} of 39 told apart");
        assert!(claims <= 2, "{count} rounds: {claims} of 39");
    }
}

#[test]
fn a_thousand_rounds_tell_a_series_apart_that_is_a_fifth_slower_in_four_of_five() {
    let claims = told_apart(&series_of_1_000(), 1.2);
    println!("1,000 rounds: {claims} of 39 told apart");
    assert!(claims * 5 >= 39 * 4, "{claims} of 39");
    // A hundred rounds cannot: where times have two peaks, the median lies anywhere between them.
    println!("100 rounds: {} of 39 told apart", told_apart(&series_of_100(), 1.2));
}

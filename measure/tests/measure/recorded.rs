//! Comparisons of recorded series: forty series of rounds, one after the other, by the page in Chromium 156 on two cores.
//!
//! - Through the demo's tunnel, which emulates the link of an SSH tunnel: 100 rounds each.
//! - Over the demo's direct path: 1,000 rounds each. They are autocorrelated and bimodal, with peaks near 80 µs and 220 µs, so the
//!   median of 100 rounds may be anywhere between the peaks. The browser and the demo had real-time priority then: the load of
//!   other programs makes successive series on this path really differ.
//!
//! `lab/tests/page/rounds/long.rs` records such series. Each line of a fixture is a series, in microseconds.

use std::time::Duration;

use launcelot_measure::PERCENTILES;
use launcelot_measure::compare::{Difference, compare};
use launcelot_measure::estimate::estimates;

/// The smallest step of the clock.
const STEP: Duration = Duration::from_micros(5);

fn recorded(lines: &str) -> Vec<Vec<Duration>> {
    let time = |text: &str| Duration::from_micros(text.parse().expect("a whole number of microseconds"));
    lines.lines().map(|line| line.split(',').map(time).collect()).collect()
}

fn series_through_the_tunnel() -> Vec<Vec<Duration>> {
    recorded(include_str!("../fixtures/forty-series-through-the-tunnel.csv"))
}

fn series_over_the_direct_path() -> Vec<Vec<Duration>> {
    recorded(include_str!("../fixtures/forty-series-over-the-direct-path.csv"))
}

/// Returns the number of pairs of successive series that differ at any percentile, in either direction.
fn differing(series: &[Vec<Duration>]) -> usize {
    let is_claim =
        |difference: &Difference| matches!(difference, Difference::FirstLonger(_) | Difference::SecondLonger(_));
    differences(series, 1.0).filter(|differences| differences.iter().any(is_claim)).count()
}

/// Returns the number of pairs of successive series of which the second, its times multiplied by `factor`, takes longer at some
/// percentile and less at none.
fn told_to_take_longer(series: &[Vec<Duration>], factor: f64) -> usize {
    let is_longer = |difference: &Difference| matches!(difference, Difference::SecondLonger(_));
    let is_shorter = |difference: &Difference| matches!(difference, Difference::FirstLonger(_));
    differences(series, factor)
        .filter(|differences| differences.iter().any(is_longer) && !differences.iter().any(is_shorter))
        .count()
}

/// Compares each series with the next, whose times are multiplied by `factor`.
fn differences(series: &[Vec<Duration>], factor: f64) -> impl Iterator<Item = [Difference; PERCENTILES.len()]> {
    series.windows(2).map(move |pair| {
        let slower: Vec<Duration> = pair[1].iter().map(|time| time.mul_f64(factor)).collect();
        compare(&estimates(&pair[0], STEP), &estimates(&slower, STEP))
    })
}

#[test]
fn at_most_5_percent_of_neighbours_differ() {
    for (series, rounds) in [(series_through_the_tunnel(), 100), (series_over_the_direct_path(), 1_000)] {
        assert!(series.len() == 40 && series.iter().all(|series| series.len() == rounds));
        let claims = differing(&series);
        println!("{rounds} rounds: {claims} of 39 differ");
        assert!(claims * 100 <= 39 * 5, "{rounds} rounds: {claims} of 39");
    }
}

#[test]
fn at_least_80_percent_of_series_a_fifth_slower_differ() {
    for (series, rounds) in [(series_through_the_tunnel(), 100), (series_over_the_direct_path(), 1_000)] {
        let claims = told_to_take_longer(&series, 1.2);
        println!("{rounds} rounds: {claims} of 39 are told to take longer");
        assert!(claims * 100 >= 39 * 80, "{rounds} rounds: {claims} of 39");
    }
}

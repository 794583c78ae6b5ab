//! Percentile curves: the share of rounds (to the right) that took at most a time (upwards).
//!
//! Each mark to the right has a tenth as many rounds beyond it: 0, 90, 99, 99.9, 99.99 %. So the rare long times have as much room as
//! the frequent short ones.

use launcelot_measure::{Distribution, PERCENTILES};

use crate::element::Element;
use crate::histogram::{LABEL_BASE, add_axis_names};
use crate::log_scale::LogScale;
use crate::series::{SERIES_MAX, letter, look};
use crate::shapes::{Percent, write};

/// The heights of the chart, of the margin above the plot, and of the plot, in pixels.
const HEIGHT: u32 = 318;
const TOP: u32 = 20;
const PLOT_HEIGHT: u32 = 252;

/// The width and height of the view box of the curves, which is stretched to the chart.
const BOX: i32 = 1000;

/// The room that a letter needs, in percent of the width and in pixels, and its distance from the end of its curve.
const LETTER_WIDTH: f64 = 6.0;
const LETTER_HEIGHT: f64 = 20.0;
const LETTER_GAP: f64 = 8.0;

/// The marks of the horizontal axis, in percent.
pub(crate) const MARKS: [&str; 5] = ["0", "90", "99", "99.9", "99.99"];

/// Draws the curves of all `series`. The labels of the times are to the left of the chart and need 60 pixels.
pub fn draw(scale: &LogScale, series: &[&Distribution]) -> Element {
    let mut svg = Element::hidden_svg("percentiles", "100%", HEIGHT);
    let bottom = TOP + PLOT_HEIGHT;
    for (index, mark) in MARKS.into_iter().enumerate() {
        let x = Percent(position_of_tail(0.1_f64.powi(index as i32)));
        let anchor = if index == 0 { "start" } else { "middle" };
        svg.add_line("tick", [&x, &x, &TOP, &bottom]).set("stroke", "currentColor");
        let label = svg.add("text").set("x", x).set("y", bottom + LABEL_BASE).set("text-anchor", anchor);
        label.text(format_args!("{mark}\u{a0}%"));
    }
    add_axis_names(&mut svg, HEIGHT, "time, on a logarithmic scale", "share of the rounds that took at most this time");
    let plot = svg.add("svg").set("y", TOP).set("height", PLOT_HEIGHT).set("overflow", "visible");
    for tick in scale.ticks() {
        let y = Percent(100.0 - scale.percent(tick));
        plot.add_line("tick", [&0, &"100%", &y, &y]).set("stroke", "currentColor");
        let label = plot.add("text").set("x", -8).set("y", y).set("dy", 4).set("text-anchor", "end");
        label.text(LogScale::label(tick));
    }
    // The first series is on top.
    for (index, distribution) in series.iter().enumerate().rev() {
        add_curve(plot, scale, index, distribution);
    }
    add_letters(plot, scale, series);
    svg
}

/// Returns the horizontal position at which the share `tail` of all rounds is farther to the right, in percent of the width; at most
/// 100.
pub(crate) fn position_of_tail(tail: f64) -> f64 {
    (-tail.ln() / std::f64::consts::LN_10 / (MARKS.len() - 1) as f64 * 100.0).min(100.0)
}

fn add_curve(plot: &mut Element, scale: &LogScale, index: usize, distribution: &Distribution) {
    if distribution.count() == 0 {
        return;
    }
    let (shape, dashes) = look(index);
    let group = plot.add("g").set("class", format_args!("series-{index}"));
    group.add("svg").stretch(BOX).add_path("curve", dashes, &curve(scale, distribution));
    for percentile in PERCENTILES {
        let Some(time) = distribution.percentile(percentile) else { continue };
        let x = Percent(position_of_tail(1.0 - percentile.percent() / 100.0));
        let y = Percent(100.0 - scale.percent(time));
        let place = group.add("svg").set("x", x).set("y", y).set("overflow", "visible");
        place.add("path").set("class", "mark").set("d", shape);
    }
}

/// Adds the letter of each series at the end of its curve, the longest time, or as near as the other letters allow.
fn add_letters(plot: &mut Element, scale: &LogScale, series: &[&Distribution]) {
    let mut placed: Vec<(f64, f64)> = Vec::new();
    for (index, distribution) in series.iter().enumerate().filter(|(_, distribution)| distribution.count() > 0) {
        let x = position_of_tail(1.0 / distribution.count() as f64);
        let end = (100.0 - scale.percent(distribution.longest())) / 100.0 * f64::from(PLOT_HEIGHT);
        let y = place_letter(x, end, &placed);
        placed.push((x, y));
        let text = plot.add("text").set("class", format_args!("letter series-{index}")).set("x", Percent(x));
        text.set("y", y.round() as i32).set("text-anchor", "end").text(letter(index));
    }
}

/// Returns the height of the letter of a curve that ends at `x` and `end`, beside those that have been `placed`.
fn place_letter(x: f64, end: f64, placed: &[(f64, f64)]) -> f64 {
    let is_free = |y: &f64| {
        let overlaps =
            |(other_x, other_y): &(f64, f64)| (x - other_x).abs() < LETTER_WIDTH && (y - other_y).abs() < LETTER_HEIGHT;
        *y > 0.0 && !placed.iter().any(overlaps)
    };
    let above = (0..).map(|step| end - LETTER_GAP - f64::from(step) * LETTER_HEIGHT);
    let below = (1..).map(|step| end + f64::from(step) * LETTER_HEIGHT);
    // Each of the other letters covers up to two places on either side.
    let mut places = above.zip(below).take(2 * SERIES_MAX).flat_map(|(above, below)| [above, below]);
    places.find(is_free).unwrap_or(end)
}

/// Returns the path from the shortest time to the longest, in units of the view box. It is a staircase, because no time between two
/// successive ones was measured.
pub(crate) fn curve(scale: &LogScale, distribution: &Distribution) -> String {
    let count = distribution.count() as f64;
    let units = |percent: f64| (percent / 100.0 * f64::from(BOX)).round() as i32;
    let mut path = String::from("M");
    let mut shorter = 0.0;
    let mut drawn = None;
    for (time, times) in distribution.times() {
        let y = BOX - units(scale.percent(time));
        let not_longer = shorter + f64::from(times);
        // No round is beyond the longest time, whose position would be infinite. So the curve ends where one round is left.
        for rounds in [shorter, not_longer.min(count - 1.0)] {
            let x = units(position_of_tail(1.0 - rounds / count));
            if drawn != Some((x, y)) {
                write(&mut path, format_args!("{}{x} {y}", if drawn.is_some() { "L" } else { "" }));
                drawn = Some((x, y));
            }
        }
        shorter = not_longer;
    }
    path
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use launcelot_measure::Percentile;

    use super::*;
    use crate::series;

    fn of(times: impl IntoIterator<Item = u64>) -> Distribution {
        times.into_iter().map(Duration::from_micros).collect()
    }

    /// Returns the axis for times of a clock whose step is zero.
    fn scale(series: &[&Distribution]) -> Option<LogScale> {
        series::scale(&series.iter().map(|it| (*it, Duration::ZERO)).collect::<Vec<_>>())
    }

    fn drawn(series: &[&Distribution]) -> String {
        draw(&scale(series).unwrap(), series).to_string()
    }

    #[test]
    fn no_letter_covers_another_wherever_the_curves_end() {
        let ends = || (0..PLOT_HEIGHT).step_by(7).map(f64::from);
        for first in ends() {
            for (second, third) in ends().flat_map(|second| ends().map(move |third| (second, third))) {
                // The fourth ends where the others are closest to each other, at the top.
                let mut placed: Vec<(f64, f64)> = Vec::new();
                for end in [first, second, third, 3.0] {
                    placed.push((50.0, place_letter(50.0, end, &placed)));
                }
                placed.sort_by(|(_, y), (_, other)| y.total_cmp(other));
                let closest = placed.windows(2).map(|pair| pair[1].1 - pair[0].1).fold(f64::INFINITY, f64::min);
                assert!(closest >= LETTER_HEIGHT, "{first}, {second}, {third}: {placed:?}");
            }
        }
    }

    #[test]
    fn marks_are_a_quarter_of_the_width_apart() {
        let places = [1.0, 0.1, 0.01, 0.001, 0.0001, 0.0].map(|tail: f64| position_of_tail(tail).round());
        assert_eq!(places, [0.0, 25.0, 50.0, 75.0, 100.0, 100.0]);
    }

    #[test]
    fn a_curve_rises_to_the_right_and_ends_where_one_round_is_left() {
        let distribution = of(1..=1_000);
        let path = curve(&scale(&[&distribution]).unwrap(), &distribution);
        let points: Vec<(i32, i32)> = path
            .trim_start_matches('M')
            .split('L')
            .map(|point| point.split_once(' ').unwrap())
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1), "{points:?}");
        assert_eq!(points.last().map(|(x, _)| *x), Some(750), "a thousand rounds say nothing beyond 99.9 %");
    }

    #[test]
    fn a_curve_passes_through_every_percentile() {
        let distribution = of([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        let scale = scale(&[&distribution]).unwrap();
        let path = curve(&scale, &distribution);
        let percent = |time| scale.percent(Duration::from_micros(time));
        let y = |time| BOX - (percent(time) / 100.0 * f64::from(BOX)).round() as i32;
        // Half of the rounds took at most 16 µs, so the curve is level at 16 µs from 40 % to 50 %.
        let from = position_of_tail(0.6) * 10.0;
        let until = position_of_tail(0.5) * 10.0;
        assert_eq!(distribution.percentile(Percentile::P50), Some(Duration::from_micros(16)));
        assert!(path.contains(&format!("L{from:.0} {0}L{until:.0} {0}L", y(16))), "{path}");
    }

    #[test]
    fn curves_are_distinguished_without_colour() {
        let one = of(1..=100);
        let other = of(50..=150);
        let svg = drawn(&[&one, &other]);
        let count = |part: &str| svg.matches(part).count();
        assert_eq!((count(">A</text>"), count(">B</text>")), (1, 1));
        assert_eq!((count(r#"dasharray="none""#), count(r#"dasharray="7 3""#)), (1, 1));
        assert_eq!((count(series::look(0).0), count(series::look(1).0)), (3, 3), "marks as far as 99 %");
    }

    #[test]
    fn a_series_without_rounds_has_no_curve() {
        assert!(!drawn(&[&of([]), &of([5])]).contains(r#""series-0""#));
        assert_eq!(scale(&[&of([])]), None);
    }
}

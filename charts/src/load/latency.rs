//! Latency against load: the median and the 99th percentile at each level, on a logarithmic axis.

use std::time::Duration;

use launcelot_measure::unit::{format_count, format_duration};

use crate::LogScale;
use crate::element::Element;
use crate::load::LevelAxis;
use crate::load::end_labels::{self, EndLabel};
use crate::load::plot::{Plot, Point, Tick};

/// The latency of a server at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyPoint {
    /// The level.
    pub level: u32,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile; `None` if there are too few samples.
    pub p99: Option<Duration>,
    /// Whether dialogues failed.
    pub has_failures: bool,
}

/// The latency of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencySeries {
    /// The index of the server, which decides its look.
    pub index: usize,
    /// The name of the server.
    pub name: String,
    /// Its latency, the lowest level first. A level without samples is left out.
    pub points: Vec<LatencyPoint>,
}

/// Returns a time axis for all `charts`, so that they can be compared; `None` if all are empty.
pub fn scale(charts: &[&[LatencySeries]]) -> Option<LogScale> {
    let points = || charts.iter().copied().flatten().flat_map(|server| &server.points);
    let shortest = points().map(|point| point.p50).min()?;
    let longest = points().map(|point| point.p99.unwrap_or(point.p50)).max()?;
    Some(LogScale::to_fit(shortest, longest))
}

/// Draws the latency of all servers: a line through the medians, and a band up to the 99th percentiles. `what` names the latency.
pub fn draw(axis: &LevelAxis, scale: &LogScale, what: &str, series: &[LatencySeries]) -> Element {
    let description = format!(
        "Line chart: {what}, the median and the 99th percentile, against {}. The table below has its figures.",
        axis.name()
    );
    let mut plot = Plot::new(&description, (axis.name(), &axis.ticks()), (what, &time_ticks(scale)));
    // The first server is on top.
    for server in series.iter().rev() {
        let at = |point: &LatencyPoint, time: Duration| -> Point { (axis.percent(point.level), scale.percent(time)) };
        let p50: Vec<Point> = server.points.iter().map(|point| at(point, point.p50)).collect();
        let p99: Vec<Point> = server.points.iter().map(|point| at(point, point.p99.unwrap_or(point.p50))).collect();
        let mut group = plot.add_server(server.index, &server.name);
        group.band("range", &p50, &p99);
        group.line("edge", &p99);
        group.line("curve", &p50);
        for (point, place) in server.points.iter().zip(p50) {
            group.mark(place, &figure(axis, &server.name, point), point.has_failures);
        }
    }
    let labels = series.iter().filter_map(|server| {
        let last = server.points.last()?;
        Some(EndLabel { index: server.index, name: &server.name, percent: scale.percent(last.p50) })
    });
    plot.push(end_labels::draw(labels.collect()));
    plot.finish()
}

/// Returns the ticks of a vertical axis of time.
pub(crate) fn time_ticks(scale: &LogScale) -> Vec<Tick> {
    let tick = |time| Tick { percent: scale.percent(time), label: Some(LogScale::label(time)) };
    scale.ticks().into_iter().map(tick).collect()
}

/// Returns the figures of a point in words.
fn figure(axis: &LevelAxis, name: &str, point: &LatencyPoint) -> String {
    let level = format_count(u64::from(point.level));
    let p50 = format_duration(point.p50);
    let p99 =
        point.p99.map_or_else(|| "too few samples for p99".to_owned(), |p99| format!("p99 {}", format_duration(p99)));
    format!("{name}, {level} {}: p50 {p50}, {p99}", axis.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn server(name: &str, p99: Option<Duration>) -> LatencySeries {
        let point = |level| LatencyPoint { level, p50: us(100), p99, has_failures: level == 20 };
        LatencySeries { index: 0, name: name.to_owned(), points: vec![point(1), point(20)] }
    }

    fn drawn(series: &[LatencySeries]) -> String {
        let axis = LevelAxis::new("clients", [1, 20]);
        draw(&axis, &scale(&[series]).unwrap(), "time per question", series).to_string()
    }

    #[test]
    fn the_axis_includes_the_99th_percentiles_of_both_charts() {
        let scale = scale(&[&[server("a", Some(us(900)))], &[server("b", Some(us(90_000)))]]).unwrap();
        assert!(scale.percent(us(90_000)) < 100.0 && scale.percent(us(100)) > 0.0);
    }

    #[test]
    fn a_point_says_both_figures_and_has_a_cross_if_dialogues_failed() {
        let svg = drawn(&[server("a", Some(us(900)))]).replace('\u{a0}', " ");
        assert!(svg.contains("<title>a, 20 clients: p50 100 µs, p99 900 µs</title>"), "{svg}");
        assert_eq!(svg.matches(r#"class="cross""#).count(), 1);
    }

    #[test]
    fn too_few_samples_are_told() {
        assert!(drawn(&[server("a", None)]).contains("too few samples for p99"));
    }

    #[test]
    fn no_samples_have_no_axis() {
        assert_eq!(scale(&[&[LatencySeries { index: 0, name: String::new(), points: Vec::new() }]]), None);
    }
}

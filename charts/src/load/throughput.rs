//! Throughput against load: dialogues per second at each level.

use launcelot_measure::unit::{format_count, format_rate};

use crate::element::Element;
use crate::load::LevelAxis;
use crate::load::count_axis::CountAxis;
use crate::load::end_labels::{self, EndLabel};
use crate::load::plot::{Plot, Point};

/// The throughput of a server at one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThroughputPoint {
    /// The level.
    pub level: u32,
    /// Dialogues per second in the slowest round.
    pub least: f64,
    /// Dialogues per second in the median round.
    pub median: f64,
    /// Dialogues per second in the fastest round.
    pub most: f64,
    /// Dialogues per second that a model predicts.
    pub predicted: Option<f64>,
    /// Whether dialogues failed.
    pub has_failures: bool,
}

/// The throughput of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct ThroughputSeries {
    /// The index of the server, which decides its look.
    pub index: usize,
    /// The name of the server.
    pub name: String,
    /// Its throughput, the lowest level first.
    pub points: Vec<ThroughputPoint>,
}

/// Returns an axis of rates for all `charts`, so that they can be compared.
pub fn scale(charts: &[&[ThroughputSeries]]) -> CountAxis {
    let points = charts.iter().copied().flatten().flat_map(|server| &server.points);
    CountAxis::to_fit(points.map(|point| point.most.max(point.predicted.unwrap_or(0.0))).fold(0.0, f64::max))
}

/// Draws the throughput of all servers: a line through the medians, a band from the slowest round to the fastest, and a thin line for
/// the prediction. `unit` is what the rates count, in the plural.
pub fn draw(axis: &LevelAxis, rates: &CountAxis, unit: &str, series: &[ThroughputSeries]) -> Element {
    let rate = format!("{unit} per second");
    let description = format!("Line chart: {rate} against {}. The table below has its figures.", axis.name());
    let mut plot = Plot::new(&description, (axis.name(), &axis.ticks()), (&rate, &rates.ticks()));
    // The first server is on top.
    for server in series.iter().rev() {
        let at = |rate: &dyn Fn(&ThroughputPoint) -> f64| -> Vec<Point> {
            server.points.iter().map(|point| (axis.percent(point.level), rates.percent(rate(point)))).collect()
        };
        let mut group = plot.add_server(server.index, &server.name);
        group.band("range", &at(&|point| point.least), &at(&|point| point.most));
        let predicted = server
            .points
            .iter()
            .filter_map(|point| point.predicted.map(|rate| (axis.percent(point.level), rates.percent(rate))));
        group.line("model", &predicted.collect::<Vec<_>>());
        group.line("curve", &at(&|point| point.median));
        for point in &server.points {
            let place = (axis.percent(point.level), rates.percent(point.median));
            group.mark(place, &figure(axis, &server.name, unit, point), point.has_failures);
        }
    }
    let labels = series.iter().filter_map(|server| {
        let last = server.points.last()?;
        Some(EndLabel { index: server.index, name: &server.name, percent: rates.percent(last.median) })
    });
    plot.push(end_labels::draw(labels.collect()));
    plot.finish()
}

/// Returns the figures of a point in words.
fn figure(axis: &LevelAxis, name: &str, unit: &str, point: &ThroughputPoint) -> String {
    format!(
        "{name}, {} {}: {} {unit} per second ({} to {})",
        format_count(u64::from(point.level)),
        axis.name(),
        format_rate(point.median),
        format_rate(point.least),
        format_rate(point.most)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(index: usize, name: &str, rates: &[(u32, f64)]) -> ThroughputSeries {
        let point = |(level, rate): &(u32, f64)| ThroughputPoint {
            level: *level,
            least: rate * 0.9,
            median: *rate,
            most: rate * 1.1,
            predicted: None,
            has_failures: false,
        };
        ThroughputSeries { index, name: name.to_owned(), points: rates.iter().map(point).collect() }
    }

    fn drawn(series: &[ThroughputSeries]) -> String {
        draw(&LevelAxis::new("clients", [1, 10, 20]), &scale(&[series]), "dialogues", series).to_string()
    }

    #[test]
    fn servers_are_distinguished_without_colour() {
        let servers: Vec<_> =
            (0..10).map(|index| server(index, &format!("s{index}"), &[(1, 5.0), (20, 9.0)])).collect();
        let svg = drawn(&servers);
        let curves = svg.split(r#"class="curve""#).skip(1);
        let mut dashes: Vec<&str> =
            curves.map(|curve| curve.split("dasharray=\"").nth(1).unwrap().split('"').next().unwrap()).collect();
        dashes.sort_unstable();
        dashes.dedup();
        assert_eq!(dashes.len(), 10);
        let marks = svg.split(r#"class="mark" d=""#).skip(1).map(|mark| mark.split('"').next().unwrap());
        assert_eq!(marks.collect::<std::collections::BTreeSet<_>>().len(), 10);
    }

    #[test]
    fn a_level_with_failures_has_a_cross() {
        let mut failing = server(0, "a", &[(1, 5.0), (20, 9.0)]);
        assert!(!drawn(&[failing.clone()]).contains("cross"));
        failing.points[1].has_failures = true;
        assert_eq!(drawn(&[failing]).matches(r#"class="cross""#).count(), 1);
    }

    #[test]
    fn a_prediction_is_a_line_of_its_own() {
        let mut predicted = server(0, "a", &[(1, 5.0), (20, 9.0)]);
        assert!(!drawn(&[predicted.clone()]).contains(r#"class="model""#));
        predicted.points[0].predicted = Some(5.0);
        predicted.points[1].predicted = Some(100.0);
        let svg = drawn(&[predicted]);
        assert!(svg.contains(r#"class="model""#) && svg.contains(">100</text>"), "{svg}");
    }

    #[test]
    fn each_mark_says_its_figures_and_each_line_its_name() {
        let svg = drawn(&[server(0, "<b>", &[(10, 640.0)])]);
        assert!(svg.contains("<title>&lt;b&gt;, 10 clients: 640 dialogues per second (576 to 704)</title>"), "{svg}");
        assert!(svg.contains(">&lt;b&gt;</text>"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_an_empty_chart() {
        assert!(drawn(&[]).ends_with("</svg>"));
        assert!(drawn(&[server(0, "a", &[])]).ends_with("</svg>"));
    }
}

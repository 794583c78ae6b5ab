//! Percentile curves of all servers at one level: the share of samples (to the right) that took at most a time (upwards).

use std::time::Duration;

use launcelot_measure::unit::format_duration;
use launcelot_measure::{Distribution, PERCENTILES};

use crate::LogScale;
use crate::element::Element;
use crate::load::end_labels::{self, EndLabel};
use crate::load::latency::time_ticks;
use crate::load::plot::{Plot, Tick};
use crate::percentiles::{MARKS, curve, position_of_tail};
use crate::series;

/// The times of a server at one level.
#[derive(Debug, Clone, Copy)]
pub struct CurveSeries<'a> {
    /// The index of the server, which decides its look.
    pub index: usize,
    /// The name of the server.
    pub name: &'a str,
    /// The times.
    pub times: &'a Distribution,
}

/// Returns a time axis for all `charts`, so that they can be compared; `None` if all are empty.
pub fn scale(charts: &[&[CurveSeries<'_>]]) -> Option<LogScale> {
    let all: Vec<_> = charts.iter().copied().flatten().map(|server| (server.times, Duration::ZERO)).collect();
    series::scale(&all)
}

/// Draws the curves of all servers. `what` names the latency.
pub fn draw(scale: &LogScale, what: &str, series: &[CurveSeries<'_>]) -> Element {
    let description = format!("Percentile curves: {what}. The table below has their figures.");
    let mut plot = Plot::new(
        &description,
        ("share of samples that took at most this", &share_ticks()),
        (what, &time_ticks(scale)),
    );
    // The first server is on top.
    for CurveSeries { index, name, times } in series.iter().copied().rev() {
        if times.count() == 0 {
            continue;
        }
        let mut group = plot.add_server(index, name);
        group.path("curve", &curve(scale, times));
        for percentile in PERCENTILES {
            let Some(time) = times.percentile(percentile) else { continue };
            let place = (position_of_tail(1.0 - percentile.percent() / 100.0), scale.percent(time));
            let figure = format!("{name}: {} {}", percentile.name, format_duration(time));
            group.mark(place, &figure, false);
        }
    }
    let measured = series.iter().filter(|server| server.times.count() > 0);
    let labels = measured.map(|server| EndLabel {
        index: server.index,
        name: server.name,
        percent: scale.percent(server.times.longest()),
    });
    plot.push(end_labels::draw(labels.collect()));
    plot.finish()
}

fn share_ticks() -> Vec<Tick> {
    let label = |(index, mark): (usize, &&str)| Tick {
        percent: position_of_tail(0.1_f64.powi(index as i32)),
        label: Some(format!("{mark}\u{a0}%")),
    };
    MARKS.iter().enumerate().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Distribution {
        times.into_iter().map(Duration::from_micros).collect()
    }

    fn curve_of<'a>(index: usize, name: &'a str, times: &'a Distribution) -> CurveSeries<'a> {
        CurveSeries { index, name, times }
    }

    #[test]
    fn each_curve_has_its_name_and_a_mark_for_each_percentile_that_its_samples_carry() {
        let (one, other) = (of(1..=100), of(50..=2_000));
        let series = [curve_of(0, "<one>", &one), curve_of(1, "other", &other)];
        let svg = draw(&scale(&[&series]).unwrap(), "time per question", &series).to_string();
        assert!(svg.contains(">&lt;one&gt;</text>") && svg.contains(">other</text>"), "{svg}");
        assert_eq!(svg.matches(r#"class="mark""#).count(), 3 + 4);
    }

    #[test]
    fn a_server_without_samples_has_no_curve() {
        let (none, some) = (of([]), of([5]));
        let series = [curve_of(0, "none", &none), curve_of(1, "some", &some)];
        let svg = draw(&scale(&[&series]).unwrap(), "time per question", &series).to_string();
        assert_eq!(svg.matches(r#"class="curve""#).count(), 1);
        assert_eq!(scale(&[&series[..1]]), None);
    }
}

//! The statistics in the format of OpenMetrics, which Prometheus reads.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::statistics::{BOUNDS_NS, Totals};

pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn exposition(totals: Totals) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("launcelot_server");
    registry.register_collector(Box::new(Metrics(totals)));
    let mut exposition = String::new();
    text::encode(&mut exposition, &registry)?;
    Ok(exposition)
}

#[derive(Debug)]
struct Metrics(Totals);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Totals { connections, open, questions, unknown, bytes_in, bytes_out, thinking } = &self.0;
        let gauge = ConstGauge::new(i64::try_from(*open).unwrap_or(i64::MAX));
        let help = "Open connections of clients";
        gauge.encode(encoder.encode_descriptor("connections", help, None, MetricType::Gauge)?)?;
        let counters = [
            ("accepted", "Accepted connections", connections),
            ("questions", "Complete questions that were answered, unknown ones included", questions),
            ("unknown_questions", "Questions that were none of the three", unknown),
            ("from_clients_bytes", "Bytes received from clients", bytes_in),
            ("to_clients_bytes", "Bytes of replies that the system has taken", bytes_out),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(*value);
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let bounds = BOUNDS_NS.into_iter().map(|bound_ns| Duration::from_nanos(bound_ns).as_secs_f64());
        let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(thinking.counts).collect();
        let help = "Time from when a question was complete until its answer was ready";
        encoder
            .encode_descriptor("thinking_seconds", help, None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(thinking.sum.as_secs_f64(), thinking.counts.iter().sum(), &buckets, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_is_cumulative_and_in_seconds() {
        let mut totals = Totals { connections: 3, open: 1, questions: 4, unknown: 1, ..Totals::default() };
        totals.thinking.counts[1] = 3;
        totals.thinking.counts[BOUNDS_NS.len()] = 1;
        totals.thinking.sum = Duration::new(12, 300);
        let text = exposition(totals).unwrap();
        for line in [
            "# TYPE launcelot_server_accepted counter",
            "launcelot_server_accepted_total 3",
            "launcelot_server_connections 1",
            "launcelot_server_unknown_questions_total 1",
            "launcelot_server_thinking_seconds_bucket{le=\"5e-8\"} 0",
            "launcelot_server_thinking_seconds_bucket{le=\"1e-7\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"10.0\"} 3",
            "launcelot_server_thinking_seconds_bucket{le=\"+Inf\"} 4",
            "launcelot_server_thinking_seconds_sum 12.0000003",
            "launcelot_server_thinking_seconds_count 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
    }
}

//! The metrics of a bridge, in the format of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::bridge::{Bridge, Core};
use crate::statistics::{CONNECT_BOUNDS, Refused};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Bridge {
    /// Returns a router that answers `/metrics`. It belongs on a listener that only the monitoring reaches.
    pub fn metrics_router(&self) -> Router {
        let mut registry = Registry::with_prefix("launcelot_bridge");
        registry.register_collector(Box::new(Metrics(Arc::clone(&self.core))));
        let registry = Arc::new(registry);
        Router::new().route("/metrics", get(move || async move { encode(&registry) }))
    }
}

fn encode(registry: &Registry) -> Response {
    let mut metrics = String::new();
    match text::encode(&mut metrics, registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[derive(Debug)]
struct Metrics(Arc<Core>);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let statistics = &self.0.statistics;
        let gauges = [
            ("connections", "Open connections of clients", statistics.open_connections.value()),
            ("websockets", "Open WebSockets", statistics.open_websockets.value()),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let counters = [
            ("accepted", "Accepted connections", &statistics.accepted),
            ("from_clients_bytes", "Bytes of ended WebSockets to servers", &statistics.from_clients_bytes),
            ("from_servers_bytes", "Bytes of ended WebSockets from servers", &statistics.from_servers_bytes),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value.load(Ordering::Relaxed));
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let refused = Refused::ALL.map(|refused| (refused.name(), statistics.refused(refused)));
        encode_family(&mut encoder, "refused", "Refused requests by reason", "reason", refused)?;
        let codes = statistics.close_codes();
        encode_family(&mut encoder, "closed", "Ended WebSockets by close code", "code", codes)?;
        let (classes, sum) = statistics.connects();
        let bounds = CONNECT_BOUNDS.iter().map(std::time::Duration::as_secs_f64).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(classes).collect();
        encoder
            .encode_descriptor("connect_seconds", "Time to connect to a server", None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(sum.as_secs_f64(), classes.iter().sum(), &buckets, None)
    }
}

/// Encodes one counter for each value of a label.
fn encode_family(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &'static str,
    values: impl IntoIterator<Item = (&'static str, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in values {
        let labels = [(label, value)];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

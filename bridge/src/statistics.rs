//! What a bridge counts, for its metrics and for SIGUSR1.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::relay::Relayed;

/// The upper bounds of the classes of the time to connect to a server.
pub(crate) const CONNECT_BOUNDS: [Duration; 8] = [
    Duration::from_micros(100),
    Duration::from_micros(300),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
];

/// Why a client was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Host,
    Origin,
    Token,
    Handshake,
    UnknownTarget,
    TooManyConnections,
    Stopping,
    Unreachable,
    TimedOut,
}

impl Refused {
    pub(crate) const ALL: [Self; 9] = [
        Self::Host,
        Self::Origin,
        Self::Token,
        Self::Handshake,
        Self::UnknownTarget,
        Self::TooManyConnections,
        Self::Stopping,
        Self::Unreachable,
        Self::TimedOut,
    ];

    /// The value of the metric's label, and the word in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Token => "token",
            Self::Handshake => "handshake",
            Self::UnknownTarget => "unknown_target",
            Self::TooManyConnections => "too_many_connections",
            Self::Stopping => "stopping",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }
}

/// The counters of a bridge.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) accepted: AtomicU64,
    pub(crate) open_connections: Gauge,
    pub(crate) open_websockets: Gauge,
    pub(crate) from_clients_bytes: AtomicU64,
    pub(crate) from_servers_bytes: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
    close_codes: Mutex<BTreeMap<&'static str, u64>>,
    connect_classes: [AtomicU64; CONNECT_BOUNDS.len() + 1],
    connect_micros: AtomicU64,
}

impl Statistics {
    pub(crate) fn refuse(&self, refused: Refused) {
        self.refused[refused as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, refused: Refused) -> u64 {
        self.refused[refused as usize].load(Ordering::Relaxed)
    }

    /// Counts a relay that has ended.
    pub(crate) fn end(&self, relayed: &Relayed) {
        self.from_clients_bytes.fetch_add(relayed.from_client, Ordering::Relaxed);
        self.from_servers_bytes.fetch_add(relayed.from_server, Ordering::Relaxed);
        let label = close_code_label(relayed.ending.close_code());
        *self.close_codes.lock().unwrap_or_else(PoisonError::into_inner).entry(label).or_default() += 1;
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn close_codes(&self) -> BTreeMap<&'static str, u64> {
        self.close_codes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a connection to a server that took this long.
    pub(crate) fn connect(&self, took: Duration) {
        let class = CONNECT_BOUNDS.partition_point(|bound| *bound < took);
        self.connect_classes[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.connect_micros.fetch_add(micros, Ordering::Relaxed);
    }

    #[cfg(any(feature = "metrics", test))]
    /// Returns the number of connections to servers in each class of [`CONNECT_BOUNDS`] and above, and the sum of their
    /// times.
    pub(crate) fn connects(&self) -> ([u64; CONNECT_BOUNDS.len() + 1], Duration) {
        let classes = self.connect_classes.each_ref().map(|class| class.load(Ordering::Relaxed));
        (classes, Duration::from_micros(self.connect_micros.load(Ordering::Relaxed)))
    }
}

/// For SIGUSR1.
impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = Refused::ALL.iter().map(|refused| self.refused(*refused)).sum();
        write!(
            f,
            "{} connections and {} WebSockets are open; {} connections accepted, {refused} requests refused, \
             {} bytes relayed to servers and {} back",
            self.open_connections.value(),
            self.open_websockets.value(),
            self.accepted.load(Ordering::Relaxed),
            self.from_clients_bytes.load(Ordering::Relaxed),
            self.from_servers_bytes.load(Ordering::Relaxed),
        )
    }
}

/// Returns the value of a metric's label. Clients may choose codes from 3000: they share one label, so that there is a
/// bounded number.
fn close_code_label(code: Option<u16>) -> &'static str {
    match code {
        None => "none",
        Some(1000) => "1000",
        Some(1001) => "1001",
        Some(1002) => "1002",
        Some(1007) => "1007",
        Some(1009) => "1009",
        Some(4408) => "4408",
        Some(4500) => "4500",
        Some(_) => "other",
    }
}

/// How many there are now. A clone is the same gauge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Counts one more until the guard is dropped.
    pub(crate) fn count(&self) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a [`Gauge`] counts.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        (self.0).0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_in_the_first_class_that_contains_it() {
        let statistics = Statistics::default();
        for micros in [50, 100, 101, 20_000_000] {
            statistics.connect(Duration::from_micros(micros));
        }
        let (classes, sum) = statistics.connects();
        assert_eq!(classes, [2, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(sum, Duration::from_micros(20_000_251));
    }

    #[test]
    fn a_gauge_goes_back_when_what_it_counts_is_dropped() {
        let gauge = Gauge::default();
        let counted = gauge.count();
        assert_eq!(gauge.value(), 1);
        drop(counted);
        assert_eq!(gauge.value(), 0);
    }
}

//! What the tunnel says of itself, as the lab's API answers it.

use std::time::Duration;

use launcelot_measure::wire::MeasuredRoundTrip;
use launcelot_measure::{Wire as Length, WireReport};
use serde::Serialize;

use super::gauge::Held;
use super::handle::TunnelHandle;

/// The tunnel's settings, their revision, and how long it held bytes under them.
///
/// `schema/tunnel.schema.json` describes its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct TunnelReport {
    /// Port, length and the figure `measured`, which is the median time held there and back, by its older name.
    #[serde(flatten)]
    pub wire: WireReport,
    /// Whether a connection costs a round trip before its first bytes pass.
    pub handshake: bool,
    /// The revision of the settings, and of which run of the program.
    #[serde(flatten)]
    pub revision: Revision,
    /// How long the settings have been in force.
    #[serde(rename = "in_force_us", serialize_with = "micros")]
    pub in_force: Duration,
    /// How long bytes were held since then.
    pub held: Option<HeldReport>,
}

/// Settings that were in force. Their number rises with every change. Numbers of different instances have nothing to
/// do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Tells one run of the program from any other.
    pub instance: String,
    /// Which settings.
    pub revision: u64,
}

/// How long the tunnel held bytes. That is no round trip of the network: only a client can measure one.
#[derive(Debug, Clone, Serialize)]
pub struct HeldReport {
    /// There and back together.
    #[serde(rename = "held_us", serialize_with = "micros")]
    pub held: Duration,
    /// On the way there, at the median.
    #[serde(rename = "there_us", serialize_with = "micros")]
    pub there: Duration,
    /// On the way back, at the median.
    #[serde(rename = "back_us", serialize_with = "micros")]
    pub back: Duration,
    /// How many ways there, or back, whichever are fewer.
    pub samples: u64,
    /// How many connections they belong to.
    pub dialogues: u64,
}

impl From<Held> for HeldReport {
    fn from(Held { there, back, samples, dialogues }: Held) -> Self {
        Self { held: there + back, there, back, samples, dialogues }
    }
}

impl TunnelHandle {
    /// The settings, and what was measured under them.
    pub fn report(&self) -> TunnelReport {
        self.control.read(|wire, revision, gauge| {
            let held = gauge.held().map(HeldReport::from);
            let measured = held.as_ref().map(|held| MeasuredRoundTrip { rtt: held.held, samples: held.samples });
            let length: Length = wire.length;
            TunnelReport {
                wire: WireReport { port: self.port, wire: length, measured },
                handshake: wire.handshake,
                revision: Revision { instance: self.instance().to_owned(), revision },
                in_force: gauge.age(),
                held,
            }
        })
    }
}

/// Microseconds, as a number.
pub(crate) fn micros<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_nanos() as f64 / 1000.0)
}

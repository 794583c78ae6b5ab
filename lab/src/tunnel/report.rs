//! What the tunnel says of itself, as the lab's API answers it.

use std::time::Duration;

use launcelot_measure::{Held, Revision, WireReport};

use super::gauge;
use super::handle::TunnelHandle;

impl From<gauge::Held> for Held {
    fn from(gauge::Held { there, back, samples, dialogues }: gauge::Held) -> Self {
        Self { held: there + back, there, back, samples, dialogues }
    }
}

impl TunnelHandle {
    /// The settings, their revision, and how long it held bytes under them. `schema/tunnel.schema.json` describes its JSON.
    pub fn report(&self) -> WireReport {
        self.control.read(|wire, revision, gauge| WireReport {
            port: self.port,
            wire: wire.length,
            handshake: wire.handshake,
            revision: Revision { instance: self.instance(), revision },
            in_force: gauge.age(),
            held: gauge.held().map(Held::from),
        })
    }
}

/// Microseconds, as a number.
pub(crate) fn micros<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_nanos() as f64 / 1000.0)
}

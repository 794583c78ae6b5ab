//! What the tunnel says of itself, as the lab's API answers it.

use std::time::Duration;

use launcelot_measure::{AddedDelay, LinkReport, Revision};

use super::gauge;
use super::handle::TunnelHandle;

impl From<gauge::Held> for AddedDelay {
    fn from(gauge::Held { there, back, samples, dialogues }: gauge::Held) -> Self {
        Self { total: there + back, out: there, back, samples, dialogues }
    }
}

impl TunnelHandle {
    /// The settings, their revision, and how long it held bytes under them. `schema/tunnel.schema.json` describes its JSON.
    pub fn report(&self) -> LinkReport {
        self.control.read(|wire, revision, gauge| LinkReport {
            port: self.port,
            link: wire.length,
            handshake: wire.handshake,
            revision: Revision { instance: self.instance(), revision },
            in_force: gauge.age(),
            added_delay: gauge.held().map(AddedDelay::from),
        })
    }
}

/// Microseconds, as a number.
pub(crate) fn micros<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_nanos() as f64 / 1000.0)
}

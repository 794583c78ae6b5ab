//! The tunnel's report, which is the response of the lab's API to `GET /api/tunnel`.

use launcelot_measure::{LinkReport, Revision};

use super::handle::TunnelHandle;

impl TunnelHandle {
    /// Returns the settings, their revision, and the delay that was added since the settings were last changed.
    /// `schema/tunnel.schema.json` describes the report as JSON.
    pub fn report(&self) -> LinkReport {
        self.shared_state.read(|settings, revision, delays| LinkReport {
            port: self.port,
            server_port: self.server_port,
            link: settings.link,
            handshake: settings.handshake,
            revision: Revision { instance: self.instance(), revision },
            in_force: delays.age(),
            added_delay: delays.medians(),
        })
    }
}

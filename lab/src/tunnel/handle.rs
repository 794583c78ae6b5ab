//! Shared access to a running tunnel: its settings, its report and its handshakes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_measure::{Distribution, Instance};

use super::TunnelSettings;
use super::handshake::{HandshakeError, Handshakes};
use super::shared_state::SharedState;

/// A handle of a running tunnel. Clones belong to the same tunnel. A handle does not keep the tunnel running.
#[derive(Debug, Clone)]
pub struct TunnelHandle {
    pub(super) port: u16,
    pub(super) server_port: Option<u16>,
    pub(super) shared_state: Arc<SharedState>,
    pub(super) handshakes: Arc<Handshakes>,
    instance: Instance,
}

impl TunnelHandle {
    pub(super) fn new(port: u16, server_port: Option<u16>, shared_state: Arc<SharedState>) -> Self {
        Self { port, server_port, shared_state, handshakes: Arc::default(), instance: Instance(fastrand::u64(..)) }
    }

    /// Returns an identifier that differs from that of any other tunnel, in earlier runs of the program, too.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> TunnelSettings {
        self.shared_state.settings().0
    }

    /// Changes the settings, also for bytes in flight, whose order is kept.
    pub fn set(&self, settings: TunnelSettings) {
        self.update(|_| settings);
    }

    /// Replaces the settings by what `change` returns for the present ones, and returns the new settings.
    pub fn update(&self, change: impl FnOnce(TunnelSettings) -> TunnelSettings) -> TunnelSettings {
        self.shared_state.update(change)
    }

    /// Returns how much later than due the tunnel's thread has written bytes since the last call. Late are also those behind bytes
    /// that a slow reader did not take.
    pub fn take_lateness(&self) -> Distribution {
        self.shared_state.take_lateness()
    }

    /// Waits for the end of the emulated handshake of the connection that `client` has opened to the tunnel. Returns
    /// how long the handshake took, from the tunnel's accept on.
    ///
    /// `client` is the connecting socket's own address, and `connect_begun` a moment before it connected: a connection that
    /// the tunnel accepted before is an earlier one from the same address. A caller may wait before the tunnel's thread has
    /// accepted, and up to two seconds after the connection has ended. If there is never such a connection, the future never
    /// completes.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] if the connection ended before the handshake did, for example because the server refused the
    /// connection.
    pub async fn handshake(&self, client: SocketAddr, connect_begun: Instant) -> Result<Duration, HandshakeError> {
        self.handshakes.wait_for(client, connect_begun).await
    }
}

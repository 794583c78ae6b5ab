//! Shared access to a running tunnel: settings, report and handshakes, but not its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use launcelot_measure::Instance;

use super::Wire;
use super::control::Control;
use super::handshake::{HandshakeError, Handshakes};

/// Changes and watches a tunnel. Clones belong to the same tunnel, and none of them keeps it running.
#[derive(Debug, Clone)]
pub struct TunnelHandle {
    pub(super) port: u16,
    pub(super) control: Arc<Control>,
    pub(super) handshakes: Arc<Handshakes>,
    instance: Instance,
}

impl TunnelHandle {
    pub(super) fn new(port: u16, control: Arc<Control>) -> Self {
        Self { port, control, handshakes: Arc::default(), instance: Instance(fastrand::u64(..)) }
    }

    /// Tells this tunnel from any other, one of an earlier run of the program too.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// The settings in force.
    pub fn wire(&self) -> Wire {
        self.control.wire().0
    }

    /// Changes the settings, for what is under way too; its order is kept.
    pub fn set(&self, wire: Wire) {
        self.update(|_| wire);
    }

    /// Changes the settings by `change`, and returns them.
    pub fn update(&self, change: impl FnOnce(Wire) -> Wire) -> Wire {
        self.control.update(change)
    }

    /// Waits until the handshake is over of the connection that `client` has opened to the tunnel, and returns how long
    /// it took from the tunnel's accepting it.
    ///
    /// `client` is the connecting socket's own address. It may wait before the tunnel's thread has accepted, and up to
    /// two seconds after the connection has ended. If no such connection ever comes, this never ends.
    ///
    /// # Errors
    ///
    /// If the connection ended before, because the far end refused for example.
    pub async fn handshake(&self, client: SocketAddr) -> Result<Duration, HandshakeError> {
        self.handshakes.over(client).await
    }
}

//! Handshakes above TCP's own.
//!
//! A tunnel's kernel accepts a connection before the tunnel has reached its far end. A program in which both run can tell
//! the bridge when that has happened, so that connecting includes it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

/// A handshake above TCP's own, which must be over before a connection counts as connected.
#[derive(Clone)]
pub struct Handshake(Arc<dyn Fn(SocketAddr, Instant) -> BoxFuture<'static, io::Result<()>> + Send + Sync>);

impl Handshake {
    /// A handshake that is over when the future is that `wait` returns for the bridge's own address and the moment when it
    /// began to connect, since an earlier connection may have had the same address. If the future fails, the target counts
    /// as not reached. It is dropped when it takes longer than the bridge's connect timeout.
    pub fn new(
        wait: impl Fn(SocketAddr, Instant) -> BoxFuture<'static, io::Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(wait))
    }

    /// Waits until the handshake of the connection from `local`, which began after `connect_begun`, is over.
    pub(crate) async fn completed(&self, local: SocketAddr, connect_begun: Instant) -> io::Result<()> {
        (self.0)(local, connect_begun).await
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handshake")
    }
}

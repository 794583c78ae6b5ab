//! What a connection to a target costs beyond what its kernel does.
//!
//! A tunnel's kernel accepts a connection before the tunnel has reached its far end. A program in which both run
//! knows when that has happened, and makes the bridge wait for it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// A handshake above TCP's own, which is over before a connection counts as connected.
#[derive(Clone)]
pub struct Handshake(Arc<dyn Fn(SocketAddr) -> BoxFuture<'static, io::Result<()>> + Send + Sync>);

impl Handshake {
    /// A handshake that is over when the future is which `wait` returns for the connecting socket's own address. If that
    /// fails, the target could not be reached. It is dropped if it takes longer than the bridge's connect timeout.
    pub fn new(wait: impl Fn(SocketAddr) -> BoxFuture<'static, io::Result<()>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(wait))
    }

    /// Waits until the handshake of the connection from `local` is over.
    pub(crate) async fn completed(&self, local: SocketAddr) -> io::Result<()> {
        (self.0)(local).await
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handshake")
    }
}

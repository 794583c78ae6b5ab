//! Observers of what the bridge carries.
//!
//! Without an observer no clock is read for one and nothing is called.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

use http::Uri;

/// Where in the bridge bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// A message of the browser's has been read.
    MessageIn,
    /// Bytes are handed to TCP.
    TcpOut,
    /// Bytes have been read from TCP.
    TcpIn,
    /// A message is handed to the browser's WebSocket.
    MessageOut,
}

/// The bridge's connection to a target, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The bridge's own address.
    pub local: SocketAddr,
    /// The target's address.
    pub peer: SocketAddr,
    /// When the request to upgrade to a WebSocket had been read.
    pub upgrade_in: Instant,
    /// Just before `connect()`, and before the target's name was looked up.
    pub connect_begun: Instant,
    /// When the connection could be used, a [handshake](crate::Handshake) included.
    pub connect_done: Instant,
}

/// Is told of WebSockets that have reached their server.
pub trait Observer: Debug + Send + Sync {
    /// The bridge has made `connection` for a WebSocket that a request to `uri` opens. The watcher that is returned
    /// is dropped at the WebSocket's end.
    fn connected(&self, uri: &Uri, connection: &Connection) -> Option<Box<dyn Watcher>>;
}

/// Observes one WebSocket. The task that relays it makes the calls, so a watcher should write into memory of its own.
pub trait Watcher: Debug + Send {
    /// The answer to the request to upgrade (101) is handed on. The clock was read just before.
    fn upgraded(&mut self, _at: Instant) {}

    /// Records that `bytes` were at `point`. The clock was read just after reading them, or just before handing
    /// them on. Returns whether there should be more calls.
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool;
}

/// The watcher of a WebSocket, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Watched(Option<Box<dyn Watcher>>);

impl Watched {
    pub(crate) fn by(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self(watcher)
    }

    /// Records bytes that have just been read, or are about to be handed on.
    pub(crate) fn record(&mut self, point: Point, bytes: usize) {
        if self.0.as_mut().is_some_and(|watcher| !watcher.record(Instant::now(), point, bytes)) {
            self.0 = None;
        }
    }
}

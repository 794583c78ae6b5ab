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

/// Is told of WebSockets that have reached their server.
pub trait Observer: Debug + Send + Sync {
    /// A WebSocket that was opened by a request to `uri` is carried from now on; `local` is the bridge's
    /// own address on the way to the server. The watcher that is returned is dropped at its end.
    fn reached(&self, uri: &Uri, local: SocketAddr) -> Option<Box<dyn Watcher>>;
}

/// Is told of one WebSocket, by the task that carries it: a watcher should write into memory of its own.
pub trait Watcher: Debug + Send {
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

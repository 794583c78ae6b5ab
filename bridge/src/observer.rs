//! Who watches what is carried, if anybody does.
//!
//! The bridge does not know who it is, nor what for. Without an observer no clock is read and nothing
//! is called.

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
    /// own address on the way to the server. Whoever is returned watches it, and is dropped at its end.
    fn reached(&self, uri: &Uri, local: SocketAddr) -> Option<Box<dyn Watcher>>;
}

/// Watches one WebSocket.
pub trait Watcher: Debug + Send {
    /// So many bytes are at that point. `at` was read just after reading them, or just before handing them
    /// on. It returns whether it wants to be told more.
    fn saw(&mut self, at: Instant, point: Point, bytes: usize) -> bool;
}

/// A place for a watcher, who may be gone.
#[derive(Debug, Default)]
pub(crate) struct Watched(Option<Box<dyn Watcher>>);

impl Watched {
    pub(crate) fn by(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self(watcher)
    }

    /// Tells of bytes that have just been read, or are about to be handed on.
    pub(crate) fn sees(&mut self, point: Point, bytes: usize) {
        if self.0.as_mut().is_some_and(|watcher| !watcher.saw(Instant::now(), point, bytes)) {
            self.0 = None;
        }
    }
}

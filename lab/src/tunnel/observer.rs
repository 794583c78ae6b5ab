//! Who watches what the tunnel carries, if anybody does.
//!
//! The tunnel does not know who it is, nor what for. Without an observer nothing is called.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Where in the tunnel bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// They have been read from whoever came.
    NearIn,
    /// They are handed to whom they were meant for, after the delay.
    FarOut,
    /// They have been read from the far end.
    FarIn,
    /// They are handed to whoever came, after the delay.
    NearOut,
}

/// Is told of connections as they come.
pub trait Observer: Debug + Send + Sync {
    /// A client has been accepted at the address `local`. The clock was read just after `accept()`. The watcher that
    /// is returned is dropped at the connection's end.
    fn accepted(&self, at: Instant, client: SocketAddr, local: SocketAddr) -> Option<Box<dyn Watcher>>;
}

/// Watches one connection.
pub trait Watcher: Debug + Send {
    /// The far end, `peer`, has accepted; `local` is the tunnel's own address there.
    fn connected(&mut self, local: SocketAddr, peer: SocketAddr);

    /// The connection is carried under the settings of this revision from now on.
    fn goes_under(&mut self, _revision: u64) {}

    /// The handshake is over: nothing was read from the client until `held` after it was accepted. Not called if the
    /// settings ask for no handshake.
    fn opened(&mut self, _held: Duration) {}

    /// So many bytes are at that point. `at` was read just after reading them, or just before handing them
    /// on. It returns whether it wants to be told more.
    fn saw(&mut self, at: Instant, point: Point, bytes: usize) -> bool;
}

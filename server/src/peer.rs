//! Who asks, as the log says it.

use std::fmt;
use std::net::SocketAddr;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// A client of a listener.
    Address(SocketAddr),
    /// Whoever this program was started for.
    StandardInput,
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::StandardInput => formatter.write_str("standard input"),
        }
    }
}

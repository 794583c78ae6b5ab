//! The other end of a session, as the log names it.

use std::fmt;
use std::net::SocketAddr;

/// The other end of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    Address(SocketAddr),
    /// A terminal, a pipe or a file.
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

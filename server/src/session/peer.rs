//! The peer of a session, as the log names it: the client's address, or standard input.

use std::fmt;
use std::net::SocketAddr;

/// The peer of a session: the client, by its address, or standard input.
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

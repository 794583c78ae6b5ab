//! The two sides of a relayed connection, and the events to wait for on their sockets.

use launcelot_endpoint::observe::Point;

/// A side of a relayed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client = 0,
    Server = 1,
}

pub(super) const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// The events to wait for on a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The connection is closed in both directions or reset.
    pub(super) hang_up: bool,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Returns the point that is recorded when bytes have been read from this side.
    pub(super) fn read_point(self) -> Point {
        match self {
            Self::Client => Point::FromClient,
            Self::Server => Point::FromServer,
        }
    }

    /// Returns the point that is recorded when bytes are about to be written to this side.
    pub(super) fn write_point(self) -> Point {
        match self {
            Self::Client => Point::ToClient,
            Self::Server => Point::ToServer,
        }
    }
}

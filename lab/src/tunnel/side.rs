//! The two sides of a connection through the tunnel, and what is waited for on each.

use launcelot_endpoint::observe::Point;

/// Both ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The client.
    Near = 0,
    /// The server.
    Far = 1,
}

pub(super) const SIDES: [Side; 2] = [Side::Near, Side::Far];

/// What is to be waited for on a socket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) input: bool,
    pub(super) output: bool,
    /// That the other side has closed, without reading up to that.
    pub(super) end: bool,
    /// That the connection is gone.
    pub(super) hang_up: bool,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Near => Self::Far,
            Self::Far => Self::Near,
        }
    }

    /// Where bytes are that it has said.
    pub(super) fn heard(self) -> Point {
        match self {
            Self::Near => Point::FromClient,
            Self::Far => Point::FromServer,
        }
    }

    /// Where bytes are that it is told.
    pub(super) fn told(self) -> Point {
        match self {
            Self::Near => Point::ToClient,
            Self::Far => Point::ToServer,
        }
    }
}

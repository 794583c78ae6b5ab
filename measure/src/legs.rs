//! The legs of a path: whose the time is between two points.

use crate::trace::Point;

/// A part of the path, by whom the time belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// From the asker to the first hop that was watched, and back from it: for a page, the browser and its WebSocket.
    /// The sum of both is exact; how much of it was before and how much after is known to the clocks'
    /// [uncertainty](crate::paths::Clocks).
    Asker,
    /// In the bridge.
    Bridge,
    /// `connect()` to the server, or to the near end of a tunnel: there and back, and only while connecting.
    Connect,
    /// From the bridge, or from the first hop that was watched, to the server.
    WireOut,
    /// In the server, from the question to the answer's going out.
    Server,
    /// Back from the server.
    WireBack,
    /// No hop watched there.
    Unknown,
}

impl Leg {
    /// All of them, in the order of the path.
    pub const ALL: [Self; 7] =
        [Self::Asker, Self::Bridge, Self::Connect, Self::WireOut, Self::Server, Self::WireBack, Self::Unknown];

    /// Whose the time is between two points of which nothing in between is known.
    pub fn between(from: Point, until: Point) -> Self {
        match (from, until) {
            (Point::BridgeIn, Point::BridgeOut) | (Point::BridgeBackIn, Point::BridgeBackOut) => Self::Bridge,
            (from, until) if from >= Point::BridgeOut && until <= Point::ServerIn => Self::WireOut,
            (from, until) if from >= Point::ServerIn && until <= Point::AnswerOut => Self::Server,
            (from, until) if from >= Point::AnswerOut && until <= Point::BridgeBackIn => Self::WireBack,
            _ => Self::Unknown,
        }
    }

    /// Whose the time is before the first point that is known.
    pub fn before(first: Point) -> Self {
        if first.is_of_answers() { Self::Unknown } else { Self::Asker }
    }

    /// Whose the time is after the last point that is known.
    pub fn after(last: Point) -> Self {
        if last >= Point::AnswerOut { Self::Asker } else { Self::Unknown }
    }
}

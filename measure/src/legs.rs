//! The legs of a path: the parts into which its trace points divide it.

use crate::trace::TracePoint;

/// A part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// From the client to the first observed hop, and back from it: for a page, the browser and its WebSocket. The sum of both ways
    /// is exact; how it divides between them is known to the [uncertainty](crate::paths::Clocks) of the clocks.
    Client,
    /// In the bridge, from receiving a message to forwarding it.
    Bridge,
    /// `connect()` to the server, or to the near end of a tunnel. Only connecting has this leg.
    Connect,
    /// From the bridge, or from the first observed hop, to the server.
    LinkOut,
    /// In the server, from reading the question to writing the answer.
    Server,
    /// From the server back to the bridge, or to the last observed hop before the client.
    LinkBack,
    /// A part of the path on which no hop was observed.
    Unknown,
}

impl Leg {
    /// All legs, in the order of the path.
    pub const ALL: [Self; 7] =
        [Self::Client, Self::Bridge, Self::Connect, Self::LinkOut, Self::Server, Self::LinkBack, Self::Unknown];

    /// Returns the leg between two points that a hop recorded one after the other.
    pub fn between(from: TracePoint, until: TracePoint) -> Self {
        match (from, until) {
            (TracePoint::BridgeIn, TracePoint::BridgeOut) | (TracePoint::BridgeBackIn, TracePoint::BridgeBackOut) => {
                Self::Bridge
            }
            (from, until) if from >= TracePoint::BridgeOut && until <= TracePoint::ServerIn => Self::LinkOut,
            (from, until) if from >= TracePoint::ServerIn && until <= TracePoint::AnswerOut => Self::Server,
            (from, until) if from >= TracePoint::AnswerOut && until <= TracePoint::BridgeBackIn => Self::LinkBack,
            _ => Self::Unknown,
        }
    }

    /// Returns the leg before the first recorded point.
    pub fn before(first: TracePoint) -> Self {
        if first.is_of_answers() { Self::Unknown } else { Self::Client }
    }

    /// Returns the leg after the last recorded point.
    pub fn after(last: TracePoint) -> Self {
        if last >= TracePoint::AnswerOut { Self::Client } else { Self::Unknown }
    }
}

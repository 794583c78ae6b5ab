//! The trace of one dialogue: the events that the hops on its path recorded, all by one clock.
//!
//! Hops count bytes and do not know questions. [`paths`](crate::paths()) finds the path of each question in a trace.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;

/// A point on the path of a question to the server and of its answer back, in the order of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracePoint {
    /// The bridge has received a message from the browser.
    BridgeIn,
    /// The bridge writes it to TCP.
    BridgeOut,
    /// The tunnel has read it.
    TunnelIn,
    /// The tunnel forwards it, after its delay.
    TunnelOut,
    /// The server has read it.
    ServerIn,
    /// The server knows the answer.
    AnswerReady,
    /// The server writes the answer to TCP.
    AnswerOut,
    /// The tunnel has read the answer.
    TunnelBackIn,
    /// The tunnel forwards it, after its delay.
    TunnelBackOut,
    /// The bridge has read it.
    BridgeBackIn,
    /// The bridge sends it to the browser.
    BridgeBackOut,
}

impl TracePoint {
    /// All points, in the order of the path.
    pub const ALL: [Self; 11] = [
        Self::BridgeIn,
        Self::BridgeOut,
        Self::TunnelIn,
        Self::TunnelOut,
        Self::ServerIn,
        Self::AnswerReady,
        Self::AnswerOut,
        Self::TunnelBackIn,
        Self::TunnelBackOut,
        Self::BridgeBackIn,
        Self::BridgeBackOut,
    ];

    /// Whether answers pass this point, as opposed to questions.
    pub fn is_of_answers(self) -> bool {
        self >= Self::AnswerReady
    }
}

/// Bytes that passed a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// The point.
    pub point: TracePoint,
    /// The moment, in microseconds since the first event of the dialogue.
    #[serde(rename = "at_us", with = "micros")]
    pub at: Duration,
    /// The number of bytes.
    pub bytes: u64,
}

/// A point that a connection passes while it is opened, in the order in which that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectPoint {
    /// The bridge has read the request to upgrade to a WebSocket.
    UpgradeIn,
    /// The bridge calls `connect()`.
    ConnectBegun,
    /// The tunnel has accepted a connection.
    TunnelAccepted,
    /// The server has accepted a connection. That may be later than [`ConnectDone`](Self::ConnectDone): the kernel accepts first.
    ServerAccepted,
    /// The connection of the bridge is open, including a handshake that the tunnel emulates.
    ConnectDone,
    /// The bridge writes the response to the upgrade (101) to TCP.
    UpgradeOut,
}

impl ConnectPoint {
    /// All points, in their order.
    pub const ALL: [Self; 6] = [
        Self::UpgradeIn,
        Self::ConnectBegun,
        Self::TunnelAccepted,
        Self::ServerAccepted,
        Self::ConnectDone,
        Self::UpgradeOut,
    ];
}

/// A connection passed a point while it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectEvent {
    /// The point.
    pub point: ConnectPoint,
    /// The moment, in microseconds since the first event of the dialogue.
    #[serde(rename = "at_us", with = "micros")]
    pub at: Duration,
}

/// Everything that hops recorded of one dialogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The name of the dialogue.
    pub id: String,
    /// The bytes that passed, in the order in which they were recorded. A hop without an observer records nothing.
    #[serde(alias = "sightings")]
    pub events: Vec<TraceEvent>,
    /// How its connection was opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connecting: Vec<ConnectEvent>,
    /// Whether the recorder ran full and dropped later events.
    #[serde(alias = "is_cut")]
    pub is_truncated: bool,
    /// The smallest step of the hops' clock, in microseconds; zero if it is unknown.
    #[serde(rename = "clock_step_us", with = "micros", default, skip_serializing_if = "Duration::is_zero")]
    pub clock_step: Duration,
}

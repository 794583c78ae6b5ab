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
    /// The bridge has received the question from the browser.
    BridgeIn,
    /// The bridge is about to write the question to TCP.
    BridgeOut,
    /// The tunnel has read the question.
    TunnelIn,
    /// The tunnel is about to forward the question, after delaying it.
    TunnelOut,
    /// The server has read the question.
    ServerIn,
    /// The server knows the answer.
    AnswerReady,
    /// The server is about to write the answer to TCP.
    AnswerOut,
    /// The tunnel has read the answer.
    TunnelBackIn,
    /// The tunnel is about to forward the answer, after delaying it.
    TunnelBackOut,
    /// The bridge has read the answer.
    BridgeBackIn,
    /// The bridge is about to send the answer to the browser.
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

    /// Whether answers pass this point; `false` if questions do.
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
    /// The bridge is about to look up the server's name and to call `connect()`.
    ConnectBegun,
    /// The tunnel's `accept()` has returned the connection.
    TunnelAccepted,
    /// The server's `accept()` has returned the connection. That may be later than [`ConnectDone`](Self::ConnectDone), because the
    /// kernel completes the TCP handshake before.
    ServerAccepted,
    /// The bridge's connection to the server, or to the tunnel, is open, and the handshake that the tunnel emulates is over.
    ConnectDone,
    /// The bridge is about to write the HTTP response to the upgrade request (101) to TCP.
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

/// The event that a connection passed a point while it was opened.
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
    /// The bytes that passed each point, in the order in which they were recorded. A hop without an observer records nothing.
    #[serde(alias = "sightings")]
    pub events: Vec<TraceEvent>,
    /// The points that the dialogue's connection passed while it was opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connecting: Vec<ConnectEvent>,
    /// Whether later events are missing, because the recorder was full.
    #[serde(alias = "is_cut")]
    pub is_truncated: bool,
    /// The smallest step of the hops' clock, in microseconds; zero if it is unknown.
    #[serde(rename = "clock_step_us", with = "micros", default, skip_serializing_if = "Duration::is_zero")]
    pub clock_step: Duration,
}

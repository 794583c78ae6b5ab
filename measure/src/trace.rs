//! What the hops on the path of one dialogue saw pass, each moment by one clock.
//!
//! A hop knows bytes and not questions. [`paths`](crate::paths()) finds each question's path in them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;

/// A point on the path of a question to the server and of its answer back, in the order of that path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The bridge has a message of the browser's.
    BridgeIn,
    /// The bridge hands it to TCP.
    BridgeOut,
    /// The tunnel has read it.
    TunnelIn,
    /// The tunnel hands it on, after its delay.
    TunnelOut,
    /// The server has read it.
    ServerIn,
    /// The server knows the answer.
    AnswerReady,
    /// The server hands the answer to TCP.
    AnswerOut,
    /// The tunnel has read the answer.
    TunnelBackIn,
    /// The tunnel hands it on, after its delay.
    TunnelBackOut,
    /// The bridge has read it.
    BridgeBackIn,
    /// The bridge hands it to the browser's WebSocket.
    BridgeBackOut,
}

impl Point {
    /// All of them, in the order of the path.
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

    /// Whether answers pass there, and not questions.
    pub fn is_of_answers(self) -> bool {
        self >= Self::AnswerReady
    }
}

/// That bytes passed a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Where.
    pub point: Point,
    /// When, in microseconds since the first hop heard of the dialogue.
    #[serde(rename = "at_us", with = "micros")]
    pub at: Duration,
    /// How many bytes.
    pub bytes: u64,
}

/// A point that a connection passes while it is made, in the order in which that happens.
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
    /// The bridge's connection can be used, a handshake that the tunnel emulates included.
    ConnectDone,
    /// The bridge hands the answer to the upgrade (101) to TCP.
    UpgradeOut,
}

impl ConnectPoint {
    /// All of them, in their order.
    pub const ALL: [Self; 6] = [
        Self::UpgradeIn,
        Self::ConnectBegun,
        Self::TunnelAccepted,
        Self::ServerAccepted,
        Self::ConnectDone,
        Self::UpgradeOut,
    ];
}

/// That a connection that is made passed a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectSighting {
    /// Where.
    pub point: ConnectPoint,
    /// When, in microseconds since the first hop heard of the dialogue.
    #[serde(rename = "at_us", with = "micros")]
    pub at: Duration,
}

/// Everything that was seen of one dialogue, in the order in which it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Which dialogue.
    pub id: String,
    /// What was seen. A hop that is not watched has seen nothing.
    pub sightings: Vec<Sighting>,
    /// What was seen of its connection being made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connecting: Vec<ConnectSighting>,
    /// Whether there was more than is kept.
    pub is_cut: bool,
    /// The smallest step of the hops' clock, in microseconds; zero if it is not known.
    #[serde(rename = "clock_step_us", with = "micros", default, skip_serializing_if = "Duration::is_zero")]
    pub clock_step: Duration,
}

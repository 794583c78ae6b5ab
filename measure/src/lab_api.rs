//! The bodies of a lab's HTTP API: the lab encodes the responses, and clients of the lab decode them.
//!
//! The response about the tunnel is a [`LinkReport`](crate::LinkReport), and the request to set it has the fields of
//! [`LinkSettings`](crate::LinkSettings).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::link::LinkRevisions;
use crate::micros;
use crate::trace::Trace;

/// The body of `/api/server`, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The time for which the server works on each answer, in microseconds.
    #[serde(rename = "think_us", with = "micros")]
    pub think: Duration,
}

/// The response of `/api/series/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesResponse {
    /// The number of answers.
    pub answers: u64,
    /// The sum of the server's thinking times before them, in microseconds.
    #[serde(rename = "thinking_us", with = "micros")]
    pub thinking: Duration,
    /// The name of the server's design; `None` in responses of earlier versions.
    #[serde(default)]
    pub server_design: Option<String>,
}

impl SeriesResponse {
    /// Returns the mean thinking time; `None` if there was no answer.
    pub fn mean(&self) -> Option<Duration> {
        self.thinking.checked_div(u32::try_from(self.answers).ok()?)
    }
}

/// The response of `/api/traces/ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceResponse {
    /// The events that the hops recorded.
    #[serde(flatten)]
    pub trace: Trace,
    /// The dialogue's way through the tunnel; `None` if it did not go through the tunnel.
    pub tunnel: Option<TransitResponse>,
    /// The name of the server's design; `None` in responses of earlier versions.
    #[serde(default)]
    pub server_design: Option<String>,
}

/// A dialogue's way through the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitResponse {
    /// The revisions of the tunnel's settings during the dialogue.
    #[serde(flatten)]
    pub revisions: LinkRevisions,
    /// The duration of the emulated handshake, in microseconds; `None` if there was none.
    #[serde(rename = "handshake_us", with = "micros::option")]
    pub handshake: Option<Duration>,
}

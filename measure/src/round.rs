//! One round: a question with its answer, and how long it took by each stopwatch.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The moment at which the stopwatch of a round starts. It stops when the answer arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopwatch {
    /// When the question is sent.
    #[default]
    Question,
    /// When connecting begins, in a round with a connection of its own; otherwise when the question is sent.
    Connecting,
    /// When the round is due. This includes the time that a round queues (coordinated omission).
    Due,
}

/// The times of one round, each counted back from the arrival of the answer, in steps of 100 ns.
///
/// The serialized form uses as many bytes as a number needs, so most rounds are small, and no time is too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Since the question was sent.
    #[serde(rename = "asked_100ns")]
    pub asked: u64,
    /// Since connecting began, or since the question was sent over an open connection.
    #[serde(rename = "connecting_100ns")]
    pub connecting: u64,
    /// Since the round was due: by the pace of the plan, or as soon as the round before had ended.
    #[serde(rename = "due_100ns")]
    pub due: u64,
    /// Since the round was ready: it was due, and the previous answer had arrived. The time from then until its begin is the client's
    /// own lateness, mostly of its timer. 0 if it is unknown.
    #[serde(rename = "ready_100ns", default, skip_serializing_if = "is_zero")]
    pub ready: u64,
}

fn is_zero(steps: &u64) -> bool {
    *steps == 0
}

impl Round {
    /// The resolution of a round, in nanoseconds.
    pub const STEP_NS: u32 = 100;

    /// Returns how long the round took by `stopwatch`.
    pub fn took(self, stopwatch: Stopwatch) -> Duration {
        Self::duration(match stopwatch {
            Stopwatch::Question => self.asked,
            Stopwatch::Connecting => self.connecting,
            Stopwatch::Due => self.due,
        })
    }

    /// Returns the time from when the round was ready until its answer; `None` if it is unknown.
    pub fn since_ready(self) -> Option<Duration> {
        (self.ready > 0).then(|| Self::duration(self.ready))
    }

    /// Converts a number of steps to a duration.
    pub(crate) fn duration(steps: u64) -> Duration {
        Duration::from_nanos(steps.saturating_mul(u64::from(Self::STEP_NS)))
    }
}

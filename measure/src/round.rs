//! One round: a question with its answer, and how long it took by each stopwatch.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A stopwatch for rounds, named after the moment at which it starts. Every stopwatch stops when the answer arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopwatch {
    /// Starts when the question is sent.
    #[default]
    Question,
    /// Starts when connecting begins, in a round with a connection of its own; otherwise when the question is sent.
    Connecting,
    /// Starts when the round is due. This includes the time for which a late round queues (what coordinated omission hides).
    Due,
}

/// The times of one round in steps of 100 ns. Each begins at another moment, and all end when the answer arrived.
///
/// The serialized form uses as many bytes as a number needs, so most rounds are small, and no time is too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The time since the question was sent.
    #[serde(rename = "asked_100ns")]
    pub asked: u64,
    /// The time since connecting began; over an open connection, since the question was sent.
    #[serde(rename = "connecting_100ns")]
    pub connecting: u64,
    /// The time since the round was due: by the pace of the plan, or, without a pace, when the round before had ended.
    #[serde(rename = "due_100ns")]
    pub due: u64,
    /// The time since the round was ready: it was due, and the previous answer had arrived. If the round began later than that, the
    /// client itself was late, mostly its timer. 0 if the time is unknown.
    #[serde(rename = "ready_100ns", default, skip_serializing_if = "is_zero")]
    pub ready: u64,
}

fn is_zero(steps: &u64) -> bool {
    *steps == 0
}

impl Round {
    /// The resolution of a round, in nanoseconds.
    pub const STEP_NS: u32 = 100;

    /// Returns the time from the start of `stopwatch` until the answer.
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

    /// Converts a number of steps of [`STEP_NS`](Self::STEP_NS) to a duration.
    pub(crate) fn duration(steps: u64) -> Duration {
        Duration::from_nanos(steps.saturating_mul(u64::from(Self::STEP_NS)))
    }
}

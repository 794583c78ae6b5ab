//! What a run tells while it goes on. Events are coarse: what happens to a single client stays in the load generator.

use std::time::Duration;

use super::counts::Counts;
use super::direct::DirectMeasurement;
use super::plan::CycleId;
use super::result::{CycleEnd, RunStatus};

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEvent {
    /// A server has been measured without the link, before the first cycle.
    DirectMeasured {
        /// What was measured.
        direct: Box<DirectMeasurement>,
    },
    /// A cycle has begun: the server under test listens, and the first client is about to connect.
    CycleBegun {
        /// The cycle.
        cycle: CycleId,
    },
    /// Counts have been added. Reported about every 100 ms.
    Progress {
        /// The cycle.
        cycle: CycleId,
        /// The time since the start of the window.
        elapsed: Duration,
        /// What has been added since the last event of this kind.
        added: Box<Counts>,
    },
    /// A cycle has ended.
    CycleEnded {
        /// The cycle.
        cycle: CycleId,
        /// How it ended.
        end: CycleEnd,
    },
    /// The run has ended.
    RunEnded {
        /// Whether it was completed.
        status: RunStatus,
    },
}

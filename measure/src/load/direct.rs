//! What a server does without the link: what the model takes from the run itself.

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::result::CycleEnd;

/// A server that was measured with one client and without the link, before the first round. It belongs to none of the rounds, so that
/// neither the tables of the link nor comparisons contain it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectMeasurement {
    /// The index of the server in [`LoadPlan::servers`](super::LoadPlan::servers).
    pub server: u32,
    /// What was counted.
    pub counts: Counts,
    /// How it ended.
    pub end: CycleEnd,
}

//! The result of a load: a fold of its events, with where and when it was measured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::direct::DirectMeasurement;
use super::event::RunEvent;
use super::plan::{CycleId, LoadPlan};
use super::usage::{GeneratorUsage, ServerUsage};
use crate::{Timestamp, micros};

/// The value of [`LoadResult::format`].
pub const FORMAT: &str = "launcelot-load";
/// The version that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// The result of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadResult {
    /// Always [`FORMAT`].
    pub format: String,
    /// At most [`VERSION`].
    pub version: u32,
    /// Where and when it was measured; several after a merge.
    pub provenance: Vec<Provenance>,
    /// What was to be measured.
    pub plan: LoadPlan,
    /// Each server without the link, in the order of the plan; nothing for a direct connection.
    #[serde(default)]
    pub direct: Vec<DirectMeasurement>,
    /// The cycles that were measured, in the order of their identities; one with an interrupted window included.
    pub cycles: Vec<CycleResult>,
    /// Whether everything in the plan was measured.
    pub status: RunStatus,
}

/// Where and when a load was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Provenance {
    /// When the run began: RFC 3339, with the offset of the local time.
    pub begun: String,
    /// The program and its version.
    pub program: String,
    /// The host's name.
    pub host: String,
    /// The number of processors that client and server share.
    pub processors: u32,
    /// The name of the processor.
    pub processor: String,
    /// The operating system and its release.
    pub system: String,
    /// The command line.
    pub command: Vec<String>,
    /// What a reader should know, a sentence each, such as a limit that was reached.
    pub warnings: Vec<String>,
}

/// One cycle: one server at one level in one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CycleResult {
    /// Which one.
    pub cycle: CycleId,
    /// What was counted.
    pub counts: Counts,
    /// How it ended; `None` if it is not over.
    pub end: Option<CycleEnd>,
}

/// How a cycle ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleEnd {
    /// The length of the window, in microseconds. Shorter than planned if the run was interrupted.
    #[serde(rename = "window_us", with = "micros")]
    pub window: Duration,
    /// What the server used; `None` if its processes are not known.
    pub server: Option<ServerUsage>,
    /// What the load generator used.
    pub generator: GeneratorUsage,
    /// How much later than due the emulated link delivered bytes, the median, in microseconds; `None` without a link, and if nothing
    /// was delivered.
    #[serde(
        default,
        rename = "link_lateness_p50_us",
        with = "micros::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub link_lateness: Option<Duration>,
    /// Why the server did not start, or how it ended before the window did, such as `exited with status 1`; `None` if it went on.
    pub server_ended: Option<String>,
}

/// Whether a run was completed. The order is that of completeness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It goes on, or its program was killed.
    #[default]
    Unfinished,
    /// A person stopped it.
    Interrupted,
    /// Everything in the plan was measured.
    Completed,
}

impl LoadResult {
    /// Returns when the run began, as a person reads it. What is not a timestamp is returned as it is.
    pub fn begun(&self) -> String {
        let Some(from) = self.provenance.first() else { return String::new() };
        from.begun.parse().map_or_else(|_| from.begun.clone(), Timestamp::describe)
    }

    /// Creates the result of a run that is about to begin.
    pub fn new(plan: LoadPlan, provenance: Provenance) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            provenance: vec![provenance],
            plan,
            direct: Vec::new(),
            cycles: Vec::new(),
            status: RunStatus::Unfinished,
        }
    }

    /// Adds an event. Returns false if the event names a cycle that has not begun.
    pub fn apply(&mut self, event: &RunEvent) -> bool {
        match event {
            RunEvent::DirectMeasured { direct } => {
                self.direct.push(DirectMeasurement::clone(direct));
                true
            }
            RunEvent::CycleBegun { cycle } => {
                self.cycles.push(CycleResult { cycle: *cycle, counts: Counts::default(), end: None });
                true
            }
            RunEvent::Progress { cycle, added, .. } => {
                let Some(result) = self.cycle_mut(*cycle) else { return false };
                result.counts.merge(added);
                true
            }
            RunEvent::CycleEnded { cycle, end } => {
                let Some(result) = self.cycle_mut(*cycle) else { return false };
                result.end = Some(end.clone());
                true
            }
            RunEvent::RunEnded { status } => {
                self.status = *status;
                true
            }
        }
    }

    fn cycle_mut(&mut self, cycle: CycleId) -> Option<&mut CycleResult> {
        self.cycles.iter_mut().rev().find(|result| result.cycle == cycle)
    }
}

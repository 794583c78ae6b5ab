//! Many clients at once: what a load is, what it found, and what follows from that.
//!
//! A run is a fold of events: `Plan → RunEvent* → LoadResult`, and reports, comparisons, merges and expectations are functions of
//! results. All of them are plain values.
//!
//! - [`plan`]: which servers are asked, over which link, by how many clients, for how long.
//! - [`event`]: what a run tells while it goes on.
//! - [`counts`]: what was counted in a cycle; counts can be merged. [`failure`]: what can go wrong in a dialogue.
//! - [`usage`]: what the server and the load generator used.
//! - [`result`]: all cycles of a run, and where they were measured. [`direct`]: each server without the link.
//! - [`json`]: results in files. [`merge`]: the results of several machines, joined.
//! - [`summary`]: the figures of each server at each level. [`expectation`]: whether they are as expected.
//! - [`comparison`]: whether servers differ, within a run or across runs, by their [`primary`] figure.
//! - [`difference`]: how plans differ, so that their results cannot be merged or compared.
//! - [`model`]: what is to be expected of a design. [`prediction`]: what it predicts of a result, beside what was measured.
//! - [`hlog`]: the latencies as an HdrHistogram log.

pub mod comparison;
pub mod counts;
pub mod difference;
pub mod direct;
pub mod event;
pub mod expectation;
pub mod failure;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod hlog;
pub mod json;
pub mod merge;
pub mod model;
pub mod plan;
pub mod prediction;
pub mod primary;
pub mod result;
pub mod summary;
pub mod usage;

pub use comparison::{ServerComparison, compare_runs, compare_servers};
pub use counts::Counts;
pub use difference::{different_conditions, different_field};
pub use direct::DirectMeasurement;
pub use event::RunEvent;
pub use expectation::{Expectation, ExpectationError, Verdict};
pub use failure::{DialogueFailure, DialogueFailures};
pub use json::{Piece, ReadError, Reader, Scan, from_json, to_json};
pub use merge::MergeError;
pub use plan::{
    Arrivals, CycleId, DialoguePlan, Level, LinkFaults, LoadMode, LoadPlan, RatedUnit, ServerKind, ServerPlan,
};
pub use prediction::{NoPrediction, PredictedRate, Prediction, ServerPrediction};
pub use primary::{Primary, PrimaryRate};
pub use result::{CycleEnd, CycleResult, LoadResult, Provenance, RunStatus};
pub use summary::{Cell, LoadSummarizer, LoadSummary, RoundRates, ServerFigures, ServerSummary, Spread};
pub use usage::{GeneratorUsage, ServerUsage};

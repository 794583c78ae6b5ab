//! The axes of the charts. Runs whose levels count the same have the same axes, so that they can be compared by eye.

use crate::LogScale;
use crate::load::{CountAxis, LevelAxis, failures, latency, percentile_curves, throughput};

use super::Run;
use super::figures::measured;
use super::series::{self, LATENCIES};

/// The axes of all charts of a run.
pub(super) struct Scales {
    /// Clients or rates.
    pub(super) levels: LevelAxis,
    /// Dialogues per second.
    pub(super) rates: CountAxis,
    /// The latencies at each level; `None` without samples.
    pub(super) latencies: Option<LogScale>,
    /// The percentile curves; `None` without samples.
    pub(super) percentiles: Option<LogScale>,
    /// The share of failures that has the highest bar.
    pub(super) failed_share: f64,
}

impl Scales {
    /// Returns the axes of `run`, which it shares with those of `runs` whose levels count the same.
    pub(super) fn of(run: &Run, runs: &[Run]) -> Self {
        let alike: Vec<&Run> = runs.iter().filter(|other| other.unit == run.unit).collect();
        let cells = alike.iter().flat_map(|run| &run.summary.servers).flat_map(measured);
        let rates: Vec<_> = alike.iter().map(|run| series::throughput(run)).collect();
        let rates: Vec<_> = rates.iter().map(Vec::as_slice).collect();
        let rows: Vec<_> = alike.iter().map(|run| series::failures(run)).collect();
        let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
        let mut latencies = Vec::new();
        let mut curves = Vec::new();
        for run in &alike {
            for (_, times) in LATENCIES {
                latencies.push(series::latency(run, times));
                curves.push(series::curves(run, times));
            }
        }
        let latencies: Vec<_> = latencies.iter().map(Vec::as_slice).collect();
        let curves: Vec<_> = curves.iter().map(Vec::as_slice).collect();
        Self {
            levels: LevelAxis::new(run.unit, cells.map(|cell| cell.level.number())),
            rates: throughput::scale(&rates),
            latencies: latency::scale(&latencies),
            percentiles: percentile_curves::scale(&curves),
            failed_share: failures::largest_share(&rows),
        }
    }
}

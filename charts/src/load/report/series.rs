//! The figures of a run as the charts take them.

use crate::load::failures::FailureRow;
use crate::load::latency::{LatencyPoint, LatencySeries};
use crate::load::percentile_curves::CurveSeries;
use crate::load::throughput::{ThroughputPoint, ThroughputSeries};
use launcelot_measure::Distribution;
use launcelot_measure::load::Counts;
use launcelot_measure::percentile::Percentile;
use launcelot_measure::text;

use super::Run;
use super::figures::{has_failures, measured};
use super::prediction;

/// Where a latency is in the counts of a cycle.
pub(super) type Times = fn(&Counts) -> &Distribution;

/// The two latencies that stand side by side, with their names.
pub(super) const LATENCIES: [(&str, Times); 2] = [
    ("time per question", |counts| &counts.question_latency),
    ("connect to first answer", |counts| &counts.first_answer_latency),
];

/// Returns the throughput of each server at each level, with what the model predicts.
pub(super) fn throughput(run: &Run) -> Vec<ThroughputSeries> {
    let mut all = Vec::new();
    for (index, server) in run.summary.servers.iter().enumerate() {
        let inputs = prediction::inputs(run.result, &run.summary, index);
        let points = measured(server).into_iter().filter_map(|at| {
            let rates = at.dialogues_per_s?;
            Some(ThroughputPoint {
                level: at.level.number(),
                least: rates.least,
                median: rates.median,
                most: rates.most,
                predicted: prediction::dialogues_per_s(run.result, index, at.level, inputs.as_ref()),
                has_failures: has_failures(at),
            })
        });
        all.push(ThroughputSeries {
            index: run.index(&server.name),
            name: server.name.clone(),
            points: points.collect(),
        });
    }
    all
}

/// Returns a latency of each server at each level with samples.
pub(super) fn latency(run: &Run, times: Times) -> Vec<LatencySeries> {
    let mut all = Vec::new();
    for server in &run.summary.servers {
        let points = measured(server).into_iter().filter_map(|at| {
            let times = times(&at.counts);
            (times.count() > 0).then(|| LatencyPoint {
                level: at.level.number(),
                p50: times.median(),
                p99: times.percentile(Percentile::P99),
                has_failures: has_failures(at),
            })
        });
        all.push(LatencySeries { index: run.index(&server.name), name: server.name.clone(), points: points.collect() });
    }
    all
}

/// Returns the distribution of a latency of each server at its highest level.
pub(super) fn curves<'a>(run: &'a Run, times: Times) -> Vec<CurveSeries<'a>> {
    let mut all = Vec::new();
    for server in &run.summary.servers {
        let Some(highest) = measured(server).pop() else { continue };
        all.push(CurveSeries { index: run.index(&server.name), name: &server.name, times: times(&highest.counts) });
    }
    all
}

/// Returns the failures of each server, a row for each kind.
pub(super) fn failures(run: &Run) -> Vec<FailureRow> {
    let mut rows: Vec<FailureRow> = Vec::new();
    for server in &run.summary.servers {
        for at in measured(server) {
            let all = at.counts.dialogues + at.counts.failures.count();
            for (kind, tally) in at.counts.failures.iter() {
                let kind = text::load::failure(kind);
                let level = (at.level.number(), tally.count, all);
                match rows.iter_mut().find(|row| row.name == server.name && row.kind == kind) {
                    Some(row) => row.levels.push(level),
                    None => rows.push(FailureRow {
                        index: run.index(&server.name),
                        name: server.name.clone(),
                        kind: kind.to_owned(),
                        levels: vec![level],
                    }),
                }
            }
        }
    }
    rows
}

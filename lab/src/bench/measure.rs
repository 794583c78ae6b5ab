//! Designs in turn under closed-loop load, so that what else the machine does hits all of them.

use std::path::Path;

use super::plan::{Cell, Plan};
use super::results::{CellResults, Measured};
use super::subject::Subject;
use super::{BenchError, processes, redis, report};
use crate::load::{ClosedLoop, LoadError};

/// Measures every design in one cell, in as many rounds as are planned.
pub(super) fn cell(
    program: &Path,
    redis: Option<&redis::Programs>,
    plan: &Plan,
    cell: Cell,
) -> Result<CellResults, BenchError> {
    let mut ours = vec![Vec::new(); plan.designs.len()];
    let mut beside = Vec::new();
    for round in 1..=plan.rounds {
        let (clients, in_flight) = (report::clients(cell.clients), report::in_flight(cell.depth));
        eprintln!("{clients}, {in_flight}: round {round} of {}", plan.rounds);
        for (design, rounds) in plan.designs.iter().zip(&mut ours) {
            rounds.push(design_once(program, plan, cell, design)?);
        }
        if let Some(redis) = redis {
            beside.push(redis.measure(cell, plan.time)?);
        }
    }
    let ours: Vec<(&str, Vec<Measured>)> = plan.designs.iter().map(String::as_str).zip(ours).collect();
    let beside = redis.map(|_| (redis::NAME, beside));
    Ok(CellResults::new(cell, &ours, beside.as_ref()))
}

fn design_once(program: &Path, plan: &Plan, cell: Cell, design: &str) -> Result<Measured, BenchError> {
    let failed = |source: LoadError| BenchError::Load { design: design.to_owned(), clients: cell.clients, source };
    let subject = Subject::start(program, design, cell.clients + 1)?;
    let mut load = ClosedLoop::connect(subject.address, cell.clients, cell.depth).map_err(failed)?;
    let before = processes::processor_time(&subject.processes()?);
    let outcome = load.run(plan.time).map_err(failed)?;
    let tree = subject.processes()?;
    let used = processes::processor_time(&tree).saturating_sub(before);
    let us = |percent| outcome.latency.percentile(percent).as_secs_f64() * 1e6;
    Ok(Measured {
        served: outcome.served,
        questions_per_second: outcome.questions_per_second(),
        p50_us: us(50.0),
        p99_us: us(99.0),
        processor_us: used.as_secs_f64() * 1e6 / outcome.questions as f64,
        // While the connections are still there: they are a part of it.
        memory_bytes: Some(processes::memory_bytes(&tree)),
    })
}

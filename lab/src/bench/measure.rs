//! Designs in turn under closed-loop load, so that what else the machine does hits all of them.

use std::path::Path;

use launcelot_measure::Percentile;

use super::plan::{Cell, Plan};
use super::results::{CellResults, Failure, Measured};
use super::subject::Subject;
use super::{BenchError, redis, report};
use crate::load::processes;
use crate::load::{ClosedLoop, LoadError};

/// The rounds of one server, up to the first one that failed.
struct Rounds<'a> {
    name: &'a str,
    measured: Vec<Measured>,
    failure: Option<Failure>,
}

impl<'a> Rounds<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, measured: Vec::new(), failure: None }
    }

    /// Measures another round, unless one has failed.
    fn measure(&mut self, once: impl FnOnce() -> Result<Measured, BenchError>) {
        if self.failure.is_some() {
            return;
        }
        match once() {
            Ok(measured) => self.measured.push(measured),
            Err(error) => self.failure = Some(Failure::of(self.name, &error)),
        }
    }

    /// The name and all rounds, or `None` if one has failed, which then is among `failures`.
    fn complete(self, failures: &mut Vec<Failure>) -> Option<(&'a str, Vec<Measured>)> {
        if let Some(failure) = self.failure {
            failures.push(failure);
            return None;
        }
        Some((self.name, self.measured))
    }
}

/// Measures every design in one cell, in as many rounds as are planned. A design that fails is left out of the rest.
pub(super) fn cell(program: &Path, redis: Option<&redis::Programs>, plan: &Plan, cell: Cell) -> CellResults {
    let mut designs: Vec<Rounds<'_>> = plan.designs.iter().map(|design| Rounds::new(design)).collect();
    let mut baseline = redis.map(|programs| (programs, Rounds::new(redis::NAME)));
    for round in 1..=plan.rounds {
        let (clients, in_flight) = (report::clients(cell.clients), report::in_flight(cell.depth));
        eprintln!("{clients}, {in_flight}: round {round} of {}", plan.rounds);
        for rounds in &mut designs {
            let design = rounds.name;
            rounds.measure(|| design_once(program, plan, cell, design));
        }
        if let Some((programs, rounds)) = &mut baseline {
            rounds.measure(|| programs.measure(cell, plan.time));
        }
    }
    let mut failures = Vec::new();
    let designs: Vec<_> = designs.into_iter().filter_map(|rounds| rounds.complete(&mut failures)).collect();
    let baseline = baseline.and_then(|(_, rounds)| rounds.complete(&mut failures));
    CellResults { failures, ..CellResults::new(cell, &designs, baseline.as_ref()) }
}

fn design_once(program: &Path, plan: &Plan, cell: Cell, design: &str) -> Result<Measured, BenchError> {
    let failed = |source: LoadError| BenchError::Load { design: design.to_owned(), clients: cell.clients, source };
    let subject = Subject::start(program, design, cell.clients + 1)?;
    let mut load = ClosedLoop::connect(subject.address, cell.clients, cell.depth).map_err(failed)?;
    let before = processes::processor_time(&subject.processes()?);
    let outcome = load.run(plan.time).map_err(failed)?;
    let tree = subject.processes()?;
    let used = processes::processor_time(&tree).saturating_sub(before);
    let us = |percentile| outcome.latency.nearest_rank(percentile).as_secs_f64() * 1e6;
    Ok(Measured {
        served: outcome.served,
        questions_per_second: outcome.questions_per_second(),
        p50_us: us(Percentile::P50),
        p99_us: us(Percentile::P99),
        processor_us: used.as_secs_f64() * 1e6 / outcome.questions as f64,
        // While the connections are still there: they are a part of it.
        memory_bytes: Some(processes::memory_bytes(&tree)),
    })
}

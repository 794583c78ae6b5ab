//! Ten thousand connections: what a silent one takes, and whether those who ask once a second wait
//! longer for there being so many of them.

use std::path::Path;
use std::time::Duration;

use launcelot_measure::{Distribution, Percentile};

use super::BenchError;
use super::plan::Plan;
use super::results::{Failure, Idle, Rates, median};
use super::subject::Subject;
use crate::load::processes;
use crate::load::{LoadError, OpenLoop, Outcome};

/// Many connections are asked so often, each.
const EVERY_SECOND: Duration = Duration::from_secs(1);

/// The few ask so many times as often, and are so many times fewer: as many questions in all.
const FEWER: u32 = 100;

/// The memory of a silent connection, for each design that can keep many, and the designs that failed.
pub(super) fn idle(program: &Path, plan: &Plan) -> (Vec<Idle>, Vec<Failure>) {
    each(&plan.idle_designs, |design| idle_with(program, plan, design))
}

/// The 99th percentiles of many connections that ask seldom and of few that ask often, for each design that is asked by
/// the clock, and the designs that failed.
pub(super) fn rates(program: &Path, plan: &Plan) -> (Vec<Rates>, Vec<Failure>) {
    each(&plan.rate_designs, |design| rates_with(program, plan, design))
}

fn each<T>(designs: &[String], measure: impl Fn(&str) -> Result<T, BenchError>) -> (Vec<T>, Vec<Failure>) {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for design in designs {
        match measure(design) {
            Ok(row) => rows.push(row),
            Err(error) => failures.push(Failure::of(design, &error)),
        }
    }
    (rows, failures)
}

fn idle_with(program: &Path, plan: &Plan, design: &str) -> Result<Idle, BenchError> {
    eprintln!("{} silent connections: {design}", plan.connections);
    let subject = Subject::start(program, design, plan.connections + 1)?;
    let empty_bytes = processes::resident_bytes(&subject.processes()?);
    // Each is asked once, so that nothing which a connection needs is still to come.
    let load = connect(&subject, design, plan.connections)?;
    let full_bytes = processes::resident_bytes(&subject.processes()?);
    Ok(Idle::new(design, plan.connections, load.served(), empty_bytes, full_bytes))
}

fn rates_with(program: &Path, plan: &Plan, design: &str) -> Result<Rates, BenchError> {
    let many = plan.connections;
    let few = many.div_ceil(FEWER as usize);
    let (mut many_us, mut few_us, mut late_us) = (Vec::new(), Vec::new(), Vec::new());
    let mut served = many;
    for round in 1..=plan.rounds {
        eprintln!("{many} connections that ask once a second, round {round} of {}: {design}", plan.rounds);
        let mut one = |seldom: bool| -> Result<(), BenchError> {
            let clients = if seldom { many } else { few };
            let interval = if seldom { EVERY_SECOND } else { EVERY_SECOND / FEWER };
            let outcome = ask(program, plan, design, clients, interval)?;
            if seldom {
                served = served.min(outcome.served);
            }
            (if seldom { &mut many_us } else { &mut few_us }).push(p99_us(&outcome.latency));
            late_us.push(p99_us(&outcome.lateness));
            Ok(())
        };
        // The two take turns at being first, too.
        let many_first = round % 2 == 1;
        one(many_first)?;
        one(!many_first)?;
    }
    let ratio = median(many_us.iter().zip(&few_us).map(|(many, few)| many / few));
    Ok(Rates {
        design: design.to_owned(),
        many,
        served,
        few,
        many_p99_us: median(many_us),
        few_p99_us: median(few_us),
        ratio,
        late_p99_us: median(late_us),
    })
}

fn ask(program: &Path, plan: &Plan, design: &str, clients: usize, interval: Duration) -> Result<Outcome, BenchError> {
    let subject = Subject::start(program, design, clients + 1)?;
    let mut load = connect(&subject, design, clients)?;
    load.run(interval, plan.rate_time).map_err(|source| failed(design, clients, source))
}

fn connect(subject: &Subject, design: &str, clients: usize) -> Result<OpenLoop, BenchError> {
    OpenLoop::connect(subject.address, clients).map_err(|source| failed(design, clients, source))
}

fn failed(design: &str, clients: usize, source: LoadError) -> BenchError {
    BenchError::Load { design: design.to_owned(), clients, source }
}

fn p99_us(latency: &Distribution) -> f64 {
    latency.nearest_rank(Percentile::P99).as_secs_f64() * 1e6
}

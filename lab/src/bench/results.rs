//! The figures of a benchmark, and how those of several rounds become one.
//!
//! As JSON they are what `lab/schema/bench.schema.json` says.

use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use serde::Serialize;

use launcelot_endpoint::failure::one_line;

use super::BenchError;
use super::plan::{Cell, Plan};

/// A whole benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// Where it ran.
    pub machine: Machine,
    /// How long each closed loop ran.
    pub seconds: f64,
    /// Of how many rounds the figures are medians.
    pub rounds: usize,
    /// What was not measured and why, a sentence each.
    pub left_out: Vec<String>,
    /// The designs under load, each cell once.
    pub cells: Vec<CellResults>,
    /// Many silent connections.
    pub idle: Vec<Idle>,
    /// The designs that failed with many silent connections.
    pub idle_failures: Vec<Failure>,
    /// Many connections that ask once a second.
    pub rates: Vec<Rates>,
    /// The designs that failed with many connections that ask once a second.
    pub rates_failures: Vec<Failure>,
}

/// A cell of the tables, one server under one load, that could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The design, or the name of the baseline.
    pub name: String,
    /// The error with its causes, in one line.
    pub reason: String,
}

impl Failure {
    /// Records the error that ended a measurement, and reports it on standard error: the tables come later.
    pub(super) fn of(name: &str, error: &BenchError) -> Self {
        let reason = one_line(error);
        eprintln!("{name} failed: {reason}");
        Self { name: name.to_owned(), reason }
    }
}

impl Results {
    /// Nothing measured yet.
    pub fn begin(machine: Machine, plan: &Plan) -> Self {
        Self {
            machine,
            seconds: plan.time.as_secs_f64(),
            rounds: plan.rounds,
            left_out: plan.left_out.clone(),
            cells: Vec::new(),
            idle: Vec::new(),
            idle_failures: Vec::new(),
            rates: Vec::new(),
            rates_failures: Vec::new(),
        }
    }

    /// The number of cells that failed.
    pub fn failed(&self) -> usize {
        let in_cells: usize = self.cells.iter().map(|cell| cell.failures.len()).sum();
        in_cells + self.idle_failures.len() + self.rates_failures.len()
    }

    /// The number of cells, those that failed included.
    pub fn attempted(&self) -> usize {
        let in_cells: usize = self.cells.iter().map(|cell| cell.rows.len()).sum();
        in_cells + self.idle.len() + self.rates.len() + self.failed()
    }
}

/// What limits every figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// How many processors there are for load and server together.
    pub processors: usize,
    /// What the processor calls itself.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// The machine that this runs on.
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo: String = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
        Self {
            processors: available_parallelism().map_or(1, NonZeroUsize::get),
            processor: model.map_or("unknown", |(_, model)| model).trim().to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// One design in one cell in one round.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// How many of the clients were answered.
    pub served: usize,
    /// Questions answered in a second.
    pub questions_per_second: f64,
    /// The median latency of a batch.
    pub p50_us: f64,
    /// The latency that 99 of 100 batches did not exceed.
    pub p99_us: f64,
    /// The processor time that the server used for one question.
    pub processor_us: f64,
    /// The memory of all its processes, with all clients connected.
    pub memory_bytes: Option<u64>,
}

/// All designs in one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellResults {
    /// How many clients asked.
    pub clients: usize,
    /// How many questions each kept in flight.
    pub depth: u32,
    /// A row for each design, and one for what was measured beside them.
    pub rows: Vec<Row>,
    /// The designs that failed in one of the rounds. They have no row.
    pub failures: Vec<Failure>,
}

/// One design in one cell: medians over the rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The design, or who else was measured.
    pub name: String,
    /// How many of the clients were answered; the least of all rounds.
    pub served: usize,
    /// Questions answered in a second.
    pub questions_per_second: f64,
    /// The same as a share of what the best of the round answered.
    pub rate_to_best: f64,
    /// The median latency of a batch.
    pub p50_us: f64,
    /// The latency that 99 of 100 batches did not exceed.
    pub p99_us: f64,
    /// The processor time that the server used for one question.
    pub processor_us: f64,
    /// The same as a multiple of what the best of the round used.
    pub processor_to_best: f64,
    /// The memory of all its processes, with all clients connected; unknown where the clients left.
    pub memory_bytes: Option<u64>,
}

impl CellResults {
    /// Medians over the rounds, and ratios to the best of the same round: the design that used least
    /// processor time for a question, of those that served everybody. What was measured beside the
    /// designs is compared with the best, and is never it.
    pub fn new(cell: Cell, designs: &[(&str, Vec<Measured>)], beside: Option<&(&str, Vec<Measured>)>) -> Self {
        let rounds = designs.iter().map(|(_, rounds)| rounds.len()).min().unwrap_or_default();
        let best: Vec<&Measured> = (0..rounds)
            .filter_map(|round| {
                let of_round = || designs.iter().map(|(_, rounds)| &rounds[round]);
                let by_cost = |a: &&Measured, b: &&Measured| a.processor_us.total_cmp(&b.processor_us);
                let all_served = of_round().filter(|measured| measured.served == cell.clients).min_by(by_cost);
                all_served.or_else(|| of_round().min_by(by_cost))
            })
            .collect();
        let rows = designs.iter().chain(beside).map(|(name, rounds)| Row::new(name, rounds, &best)).collect();
        Self { clients: cell.clients, depth: cell.depth, rows, failures: Vec::new() }
    }
}

impl Row {
    fn new(name: &str, rounds: &[Measured], best: &[&Measured]) -> Self {
        let of = |figure: fn(&Measured) -> f64| median(rounds.iter().map(figure));
        let to_best = |figure: fn(&Measured) -> f64| {
            median(rounds.iter().zip(best).map(|(measured, best)| figure(measured) / figure(best)))
        };
        let memory = rounds.iter().filter_map(|measured| measured.memory_bytes.map(|bytes| bytes as f64));
        Self {
            name: name.to_owned(),
            served: rounds.iter().map(|measured| measured.served).min().unwrap_or_default(),
            questions_per_second: of(|measured| measured.questions_per_second),
            rate_to_best: to_best(|measured| measured.questions_per_second),
            p50_us: of(|measured| measured.p50_us),
            p99_us: of(|measured| measured.p99_us),
            processor_us: of(|measured| measured.processor_us),
            processor_to_best: to_best(|measured| measured.processor_us),
            memory_bytes: rounds.iter().all(|measured| measured.memory_bytes.is_some()).then(|| median(memory) as u64),
        }
    }
}

/// Silent connections to one design.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Idle {
    /// The design.
    pub design: String,
    /// How many connections there were.
    pub connections: usize,
    /// On how many of them a question had been answered.
    pub served: usize,
    /// Resident memory before the first connection.
    pub empty_bytes: u64,
    /// Resident memory with all of them.
    pub full_bytes: u64,
    /// How much more that is for each connection that is served.
    pub bytes_per_connection: f64,
}

impl Idle {
    /// From the memory without and with the connections.
    pub fn new(design: &str, connections: usize, served: usize, empty_bytes: u64, full_bytes: u64) -> Self {
        let bytes_per_connection = full_bytes.saturating_sub(empty_bytes) as f64 / served.max(1) as f64;
        Self { design: design.to_owned(), connections, served, empty_bytes, full_bytes, bytes_per_connection }
    }
}

/// Many connections that ask seldom beside few that ask often; medians over the rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// The design.
    pub design: String,
    /// How many connections asked once a second.
    pub many: usize,
    /// How many of these were served; the least of all rounds.
    pub served: usize,
    /// How many connections asked a hundred times a second.
    pub few: usize,
    /// The 99th percentile of the latencies of the many.
    pub many_p99_us: f64,
    /// The 99th percentile of the latencies of the few.
    pub few_p99_us: f64,
    /// How many times as long the many waited; the median of the rounds' ratios.
    pub ratio: f64,
    /// How much later than due the load itself asked, as a 99th percentile: both contain it.
    pub late_p99_us: f64,
}

/// The one in the middle, or the mean of the two in the middle; 0 of nothing.
pub(super) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let cases: [(&[f64], f64); 4] =
            [(&[], 0.0), (&[3.0], 3.0), (&[9.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 9.0], 3.0)];
        for (figures, expected) in cases {
            assert_eq!(median(figures.iter().copied()), expected, "{figures:?}");
        }
    }
}

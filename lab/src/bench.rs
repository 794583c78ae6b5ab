//! Benchmarks: how much the server's designs can do, what it costs them and how they compare; and what it costs to be
//! observed.
//!
//! - [`options`]: what a person may choose.
//! - [`plan`]: what is measured, and how long it will take.
//! - `subject`: one server program, from its start to its end, and `redis` the same for Redis.
//! - `measure`: designs in turn under closed-loop load, round after round.
//! - `many`: ten thousand connections, silent or asking by the clock.
//! - [`designs`]: the designs with many clients, in loads with fixed plans.
//! - [`bridge`]: the bridge beside the server alone and other bridges.
//! - [`observe`]: one server with the lab's recorder and without it.
//! - [`results`]: the figures, and the arithmetic from rounds to medians and ratios.
//! - [`report`] and [`markdown`]: the figures as a person reads them, in a terminal and in docs/server.md.

pub mod bridge;
pub mod designs;
mod many;
pub mod markdown;
mod measure;
pub mod observe;
pub mod options;
pub mod plan;
mod redis;
pub mod report;
pub mod results;
mod subject;

use std::io::{self, Write as _};
use std::path::PathBuf;

use launcelot_endpoint::descriptors;
use launcelot_endpoint::output::Output;
use thiserror::Error;

use crate::load::LoadError;
use options::{Format, ServerOptions};
use plan::Plan;
use results::{Machine, Results};

/// Why a benchmark, or a cell of it, failed.
#[derive(Debug, Error)]
pub enum BenchError {
    /// There is no such program.
    #[error("there is no server program at '{}': build it with `cargo build --release -p launcelot-server`", .0.display())]
    NoServer(PathBuf),
    /// A server does not start.
    #[error("cannot start the server with the design {design}")]
    Start {
        /// The design.
        design: String,
        /// What the system says.
        source: io::Error,
    },
    /// A server ended before it said where it listens.
    #[error("the server with the design {design} does not say that it is ready, but {said:?}")]
    NotReady {
        /// The design.
        design: String,
        /// What it says in place of that.
        said: String,
    },
    /// A load was broken off.
    #[error("{design}, {clients} clients")]
    Load {
        /// The design.
        design: String,
        /// How many clients asked.
        clients: usize,
        /// Why.
        source: LoadError,
    },
    /// Redis is there but cannot be measured.
    #[error("cannot measure Redis: {why}")]
    Redis {
        /// Why.
        why: String,
    },
    /// What the processes have used is not to be had.
    #[error("cannot find out what the processes have used")]
    Processes(#[source] io::Error),
    /// Cells of the benchmark failed. The results say which, and why.
    #[error("{failed} of {attempted} cells failed")]
    Failed {
        /// The number of cells that failed.
        failed: usize,
        /// The number of all cells.
        attempted: usize,
    },
    /// The results cannot be written.
    #[error("cannot write the results")]
    Write(#[source] io::Error),
}

/// Measures the server's designs, and prints the results on standard output.
///
/// A measurement that fails is recorded with the reason, and the others go on.
///
/// # Errors
///
/// See [`BenchError`].
pub fn server(options: &ServerOptions) -> Result<(), BenchError> {
    let descriptors = descriptors::raise_limit();
    let program = options.program();
    if !program.is_file() {
        return Err(BenchError::NoServer(program));
    }
    let redis = redis::Programs::find();
    let plan = Plan::new(options, redis.is_some(), descriptors);
    let mut results = Results::begin(Machine::this(), &plan);

    // A table is shown as soon as it is complete: the whole takes minutes.
    let mut output = Output::stdout();
    let mut show = |text: &str| {
        let shown = if options.format() == Format::Text { text } else { "" };
        output.write_all(shown.as_bytes()).and_then(|()| output.flush()).map_err(BenchError::Write)
    };
    show(&report::head(&results))?;
    // Standard error may be closed.
    let _ = writeln!(io::stderr(), "This takes about {}.", report::in_words(plan.estimate()));
    for cell in &plan.cells {
        let measured = measure::cell(&program, redis.as_ref(), &plan, *cell);
        show(&report::cell(&measured, &plan))?;
        results.cells.push(measured);
    }
    if plan.connections > 0 {
        (results.idle, results.idle_failures) = many::idle(&program, &plan);
        show(&report::idle(&results.idle, &results.idle_failures))?;
        (results.rates, results.rates_failures) = many::rates(&program, &plan);
        show(&report::rates(&results.rates, &results.rates_failures))?;
    }
    let whole = match options.format() {
        Format::Text => String::new(),
        Format::Json => serde_json::to_string_pretty(&results).expect("figures and words") + "\n",
        Format::Markdown => markdown::table(&results),
    };
    output.write_all(whole.as_bytes()).and_then(|()| output.finish()).map_err(BenchError::Write)?;
    match results.failed() {
        0 => Ok(()),
        failed => Err(BenchError::Failed { failed, attempted: results.attempted() }),
    }
}

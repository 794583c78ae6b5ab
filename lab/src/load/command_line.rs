//! The `launcelot-lab load` command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use launcelot_measure::load::{CycleResult, LoadSummary, RunStatus};

use super::expectations;
use super::options::{LoadOptions, PlanError};
use super::run::{Load, LoadError};
use super::signals::RunSignals;

/// The exit code after a missed expectation.
const MISSED_EXIT_CODE: u8 = 99;

/// Runs a load, and returns the exit code.
///
/// # Errors
///
/// See [`LoadError`].
pub fn run(options: &LoadOptions) -> Result<ExitCode, LoadError> {
    let load = Load::new(options)?;
    expectations::check_names(&options.expect, load.plan())?;
    let signals = RunSignals::handle().map_err(LoadError::Signals)?;
    let result = load.run(Some(options.format), &signals)?;
    let are_met = expectations::show_verdicts(&options.expect, &LoadSummary::of(&result));
    let has_window = |cycle: &CycleResult| cycle.end.as_ref().is_some_and(|end| !end.window.is_zero());
    if result.status == RunStatus::Interrupted {
        return Ok(RunSignals::interrupted());
    }
    if !result.cycles.iter().any(has_window) {
        return Err(LoadError::NothingMeasured);
    }
    Ok(if are_met { ExitCode::SUCCESS } else { ExitCode::from(MISSED_EXIT_CODE) })
}

/// Prints a usage error like clap's, and returns exit code 2.
pub fn usage_error(error: &PlanError) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error}\n\nFor more information, try 'launcelot-lab load --help'.");
    ExitCode::from(2)
}

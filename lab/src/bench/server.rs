//! The benchmark of the server: how many questions the designs answer on open connections, what one costs them, and what a connection
//! costs.
//!
//! It consists of canned loads: for each number of questions in flight one in which all designs take turns, then two with connections
//! that ask by the clock.

mod loads;
mod summary;

use std::process::ExitCode;

use launcelot_endpoint::descriptors;
use launcelot_measure::load::{LoadResult, RunStatus};

use super::options::ServerOptions;
use super::redis;
use crate::load::format::{FormatOptions, print, report};
use crate::load::results_folder;
use crate::load::run::LoadError;
use crate::load::signals::RunSignals;
use crate::load::terminal::say;
use loads::Loads;

/// Runs all loads one after the other, and prints their tables or a summary. Returns the exit code.
///
/// # Errors
///
/// See [`LoadError`]. What happens to a server is part of its result; the others are still measured.
pub fn run(options: &ServerOptions) -> Result<ExitCode, LoadError> {
    let loads = Loads::new(options, descriptors::raise_limit());
    let redis = redis::find();
    if redis.is_none() {
        say("Redis is skipped: `apt-get install redis-server` installs it.");
    }
    let signals = RunSignals::handle().map_err(LoadError::Signals)?;
    let folder = options.output.clone().unwrap_or_else(|| results_folder::default_path("server-"));
    let format = options.format;

    let mut results = Vec::new();
    let at_full_speed = loads.at_full_speed.iter().map(|canned| (canned, redis.as_ref()));
    for (canned, redis) in at_full_speed.chain(loads.by_the_clock.iter().map(|canned| (canned, None))) {
        let mut load = canned.load(&folder)?;
        if let Some(program) = redis {
            load.add_server(redis::server(program), redis::text());
        }
        for sentence in &loads.limits {
            load.add_warning(sentence.clone());
        }
        // A table is printed as soon as it is complete: the whole takes minutes.
        if format.is_table() {
            let gap = if results.is_empty() { "" } else { "\n" };
            print(&(gap.to_owned() + &canned.heading(false))).map_err(LoadError::Output)?;
        }
        let result = load.run(format.is_table().then_some(format), &signals)?;
        let is_interrupted = result.status == RunStatus::Interrupted;
        results.push(result);
        if is_interrupted {
            break;
        }
    }
    print(&text(&results, format)).map_err(LoadError::Output)?;
    if signals.early_end.is_requested() {
        return Ok(RunSignals::interrupted());
    }
    Ok(exit_code(&results))
}

/// Returns what is printed after the last load.
fn text(results: &[LoadResult], format: FormatOptions) -> String {
    if format.is_table() {
        let costs = summary::connections(results);
        if costs.is_empty() { costs } else { format!("\n{costs}") }
    } else if format.markdown {
        summary::markdown(results)
    } else {
        report(results, &[], format)
    }
}

/// Says how many cells failed, if any did.
fn exit_code(results: &[LoadResult]) -> ExitCode {
    let (failed, all) = summary::failed_cells(results);
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    say(&format!("launcelot-lab: {failed} of {all} cells failed"));
    ExitCode::FAILURE
}

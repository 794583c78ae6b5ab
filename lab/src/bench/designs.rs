//! The benchmark of the designs with many clients: loads with fixed plans, each of which shows what tells the designs apart.

use std::path::Path;
use std::process::ExitCode;

use launcelot_endpoint::output;
use launcelot_measure::load::{CycleResult, LoadResult, RunStatus};

use super::canned::CannedLoad;
use super::options::DesignsOptions;
use crate::load::format::{FormatOptions, print, report};
use crate::load::results_folder;
use crate::load::run::LoadError;
use crate::load::signals::RunSignals;
use crate::processors;

/// The name of the load that needs only one processor.
const ONE_CLIENT: &str = "one-client";

/// The name, what it shows, and the arguments of each load, which the options complete.
const LOADS: [(&str, &str, &str); 4] = [
    (
        "link",
        "Over a longer link: one client at a time, ten at a time, or all of them",
        "--designs all --link ssh --clients 1:2:5:10:15:20",
    ),
    (ONE_CLIENT, "One client on loopback, on one processor: the designs are alike", "--designs all --clients 1"),
    (
        "work",
        "A server that works for 5 ms on each answer: whether other clients have to wait",
        "--designs poll,threads,async --server-think 5ms --clients 1:4:8",
    ),
    (
        "backlog",
        "A listener with a queue of 5: a client that finds it full connects after a second",
        "--designs simple --backlog 5 --clients 60 --questions 200",
    ),
];

/// Runs all loads one after the other, and prints the table of each, or all results together as JSON or CSV. Returns the exit code: a
/// design that did not start, or ended, is a failure.
///
/// # Errors
///
/// See [`LoadError`].
pub fn run(options: &DesignsOptions) -> Result<ExitCode, LoadError> {
    let signals = RunSignals::handle().map_err(LoadError::Signals)?;
    let folder = options.output.clone().unwrap_or_else(|| results_folder::default_path("designs-"));
    let format = options.format;
    let is_shown_at_once = format.is_table() || format.markdown;
    let mut results = Vec::new();
    for canned in loads(options) {
        if is_shown_at_once {
            output::print(&canned.heading(format.markdown));
        }
        let result = run_load(&canned, &folder, is_shown_at_once.then_some(format), &signals)?;
        let is_interrupted = result.status == RunStatus::Interrupted;
        results.push(result);
        if is_interrupted {
            break;
        }
    }
    if !is_shown_at_once {
        print(&report(&results, &[], format)).map_err(LoadError::Output)?;
    }
    if results.iter().any(|result| result.status == RunStatus::Interrupted) {
        return Ok(RunSignals::interrupted());
    }
    let has_failed = results.iter().flat_map(|result| &result.cycles).any(has_server_ended);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs a load where it belongs: on its only processor, or on all.
fn run_load(
    canned: &CannedLoad,
    folder: &Path,
    format: Option<FormatOptions>,
    signals: &RunSignals,
) -> Result<LoadResult, LoadError> {
    let mut load = canned.load(folder)?;
    let Some(processor) = canned.processor else { return load.run(format, signals) };
    load.add_warning("The load generator and the servers shared one processor.".to_owned());
    processors::run_on(processor, || load.run(format, signals)).map_err(LoadError::Processor)?
}

fn has_server_ended(cycle: &CycleResult) -> bool {
    cycle.end.as_ref().is_some_and(|end| end.server_ended.is_some())
}

fn loads(options: &DesignsOptions) -> Vec<CannedLoad> {
    let load = |(name, shows, arguments): (&str, &str, &str)| {
        let mut arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        arguments.extend(["--rounds".to_owned(), options.rounds.to_string()]);
        arguments.extend(["--duration".to_owned(), humantime::format_duration(options.duration).to_string()]);
        let processor = if name == ONE_CLIENT { processors::first_allowed() } else { None };
        CannedLoad { name: name.to_owned(), shows: shows.to_owned(), arguments, processor }
    };
    LOADS.map(load).into()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_load_has_a_plan_with_the_rounds_and_the_window_of_the_options() {
        let duration = Duration::from_millis(1_500);
        let rounds = NonZeroU32::new(2).unwrap();
        for canned in loads(&DesignsOptions { rounds, duration, output: None, format: FormatOptions::default() }) {
            let plan = canned.options().plan().unwrap();
            assert_eq!((plan.rounds, plan.duration), (2, duration), "{}", canned.name);
        }
    }
}

//! The `launcelot-lab load` command.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::SystemTime;

use launcelot_client::script::{self, ScriptFileError};
use launcelot_endpoint::descriptors;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::output::Output;
use launcelot_endpoint::stop::StopSignals;
use launcelot_measure::load::expectation::{self, Verdict};
use launcelot_measure::load::json::to_json;
use launcelot_measure::load::{LoadMode, LoadPlan, LoadResult, LoadSummary, RatedUnit, RunEvent, RunStatus};
use launcelot_measure::text;
use launcelot_protocol::Script;
use thiserror::Error;

use super::conductor::Conductor;
use super::cycle::EarlyEnd;
use super::engine::{EngineError, port_warning};
use super::options::{FormatOptions, LoadOptions, PlanError};
use super::progress::{Progress, say};
use super::results_folder::{ResultsFolder, WriteError};
use super::server_under_test::{Environment, Running};
use super::{csv, markdown, table};

/// The exit code that a shell reports for a program that Ctrl-C has ended.
const INTERRUPTED_EXIT_CODE: u8 = 130;

/// The exit code after a missed expectation.
const MISSED_EXIT_CODE: u8 = 99;

/// Why `launcelot-lab load` fails.
#[derive(Debug, Error)]
pub enum LoadCommandError {
    /// The options do not make a plan: a usage error.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The script cannot be read.
    #[error(transparent)]
    Script(#[from] ScriptFileError),
    /// The results cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signal handlers could not be installed.
    #[error("cannot install handlers for SIGINT, SIGTERM and SIGXFSZ")]
    Signals(#[source] io::Error),
    /// The load generator cannot work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Standard output is full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Runs a load, and returns the exit code.
///
/// # Errors
///
/// See [`LoadCommandError`].
pub fn run(options: &LoadOptions) -> Result<ExitCode, LoadCommandError> {
    let plan = options.plan()?;
    let script = match &options.script {
        Some(path) => script::read(path)?,
        None => Script::default(),
    };
    let mut result = LoadResult::new(plan.clone(), super::provenance::of_this_run());
    let folder = ResultsFolder::create(&options.output.clone().unwrap_or_else(default_folder), &result)?;
    descriptors::raise_limit();
    // Without a handler, a file that reaches the limit of its size ends the process.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))
        .map_err(LoadCommandError::Signals)?;
    let environment = Environment {
        logs: folder.path().to_owned(),
        link: options.tunnel_settings(),
        clients_max: clients_max(&plan),
        early_end: EarlyEnd::default(),
        running: Running::default(),
    };
    end_on_signal(&environment)?;
    for warning in beforehand_warnings(&plan) {
        say(&format!("warning: {warning}"));
        result.provenance[0].warnings.push(warning);
    }

    let mut progress = Progress::begin(&plan);
    let mut is_write_failure_said = false;
    let conductor = Conductor { plan, script: Arc::new(script), environment };
    let run = conductor.run(|event| {
        result.apply(event);
        progress.show(event, &result);
        if matches!(event, RunEvent::CycleEnded { .. } | RunEvent::DirectMeasured { .. })
            && let Err(error) = folder.save(&result)
            && !is_write_failure_said
        {
            is_write_failure_said = true;
            say(&format!("{}; the run goes on", one_line(&error)));
        }
    });
    result.cycles.sort_by_key(|cycle| cycle.cycle);
    for warning in text::load::warnings(&LoadSummary::of(&result)) {
        say(&format!("warning: {warning}"));
        result.provenance[0].warnings.push(warning);
    }
    let saved = folder.save(&result);
    let format = match &saved {
        Ok(()) => options.format,
        Err(error) => {
            say(&format!("{}; the result goes to standard output instead", one_line(error)));
            FormatOptions { json: true, ..FormatOptions::default() }
        }
    };
    let written = saved.and_then(|()| folder.write_report(&result));
    print(&report(std::slice::from_ref(&result), format)).map_err(LoadCommandError::Output)?;
    written?;
    say(&format!("The results are in {}", folder.path().display()));
    let status = run?;
    let are_met = show_verdicts(&expectation::check(&options.expect, &LoadSummary::of(&result)));
    Ok(match status {
        RunStatus::Interrupted => ExitCode::from(INTERRUPTED_EXIT_CODE),
        _ if !are_met => ExitCode::from(MISSED_EXIT_CODE),
        _ => ExitCode::SUCCESS,
    })
}

/// Prints a usage error like clap's, and returns exit code 2.
pub fn usage_error(error: &PlanError) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error}\n\nFor more information, try 'launcelot-lab load --help'.");
    ExitCode::from(2)
}

/// Returns results in a format. As JSON they stand one after the other.
pub(crate) fn report(results: &[LoadResult], format: FormatOptions) -> String {
    if format.json {
        results.iter().map(to_json).collect()
    } else if format.markdown {
        markdown::tables(results)
    } else if format.csv {
        csv::rows(results)
    } else {
        results.iter().map(table_with_sentences).collect::<Vec<_>>().join("\n")
    }
}

fn table_with_sentences(result: &LoadResult) -> String {
    let mut text = table::table(result) + "\n";
    let summary = LoadSummary::of(result);
    for sentence in text::load::meaning(&summary) {
        text += &(sentence + "\n");
    }
    for sentence in text::prediction::sentences(result, &summary) {
        text += &(sentence + "\n");
    }
    text
}

/// Writes a text on standard output. A closed one is not a failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = Output::stdout();
    // The output keeps its first failure.
    let _ = output.write_all(text.as_bytes());
    output.finish()
}

fn default_folder() -> PathBuf {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let name = now.replace('T', "-").replace([':', 'Z'], "");
    PathBuf::from("results").join(name)
}

/// Says which expectations were met, each with its figure. Returns whether all of them were.
fn show_verdicts(verdicts: &[Verdict]) -> bool {
    for verdict in verdicts {
        let outcome = if verdict.is_met { "met" } else { "missed" };
        say(&format!("{outcome}: {}: {}", verdict.text, verdict.figure));
    }
    verdicts.iter().all(|verdict| verdict.is_met)
}

/// Returns the largest number of connections at once that the plan foresees.
fn clients_max(plan: &LoadPlan) -> u32 {
    match &plan.mode {
        LoadMode::Closed { clients } => clients.iter().copied().max().unwrap_or(1),
        LoadMode::Open { max_in_flight, .. } => *max_in_flight,
    }
}

/// Ends the run early on the first signal. The second one kills the server that runs, and ends the program.
fn end_on_signal(environment: &Environment) -> Result<(), LoadCommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(LoadCommandError::Signals)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::catch().map_err(LoadCommandError::Signals)?
    };
    let Environment { early_end, running, .. } = environment.clone();
    thread::spawn(move || {
        runtime.block_on(signals.next());
        early_end.request();
        runtime.block_on(signals.next());
        running.kill();
        std::process::exit(INTERRUPTED_EXIT_CODE.into());
    });
    Ok(())
}

fn beforehand_warnings(plan: &LoadPlan) -> Vec<String> {
    let LoadMode::Open { rates, per: RatedUnit::Dialogue, .. } = &plan.mode else { return Vec::new() };
    if plan.dialogue.keep_alive {
        return Vec::new();
    }
    rates.iter().max().and_then(|rate| port_warning(*rate)).into_iter().collect()
}

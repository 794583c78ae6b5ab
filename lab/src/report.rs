//! The `launcelot-lab report` command.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use launcelot_measure::load::comparison::parse_regression;
use launcelot_measure::load::{
    LoadResult, LoadSummary, Primary, ServerComparison, compare_runs, compare_servers, different_conditions,
};
use thiserror::Error;

use crate::load::format::{FormatOptions, print, report};
use crate::load::html;
use crate::load::results_folder::{self, ReadResultError};
use crate::load::terminal::say;

/// The arguments of `launcelot-lab report`.
#[derive(Debug, Clone, Args)]
pub struct ReportOptions {
    /// Folders of results, or `result.json` files; several are compared with the first
    #[arg(required = true, value_name = "DIR|FILE")]
    pub results: Vec<PathBuf>,
    /// How the results are printed.
    #[command(flatten)]
    pub format: FormatOptions,
    /// Also write the report as HTML, with several results on the same axes
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The figure to compare: dialogues or questions per second, at the highest level or at another one
    #[arg(long, value_name = "dialogues|questions[@LEVEL]", default_value = "dialogues")]
    pub primary: Primary,
    /// Exit with 99 if a server is slower by more than this, compared with the first server or the first result
    #[arg(long, value_name = "PERCENT", value_parser = parse_regression)]
    pub fail_on_regression: Option<f64>,
}

/// The exit code after a regression.
const REGRESSION_EXIT_CODE: u8 = 99;

/// Why `launcelot-lab report` fails.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A result cannot be read.
    #[error(transparent)]
    Read(#[from] ReadResultError),
    /// The report cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Standard output is full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// A regression was to be found where nothing can be compared, or not everything.
    #[error("cannot look for a regression: {0}")]
    NotCompared(String),
}

/// Prints a report on results, and returns the exit code.
///
/// # Errors
///
/// See [`ReportError`].
pub fn run(options: &ReportOptions) -> Result<ExitCode, ReportError> {
    let mut results = Vec::new();
    for path in &options.results {
        results.push(results_folder::read(path)?);
    }
    let comparisons = compare(&results, options.primary);
    let differences = different_conditions(results.iter().map(|result| &result.plan));
    for difference in &differences {
        say(&format!("warning: {difference}."));
    }
    if let Some(path) = &options.html {
        let html = html::report(&results, options.primary);
        fs::write(path, html).map_err(|source| ReportError::Write { path: path.clone(), source })?;
    }
    print(&report(&results, &comparisons, options.format)).map_err(ReportError::Output)?;
    match options.fail_on_regression {
        Some(limit) => regression_exit_code(limit, &comparisons, &differences, why_nothing(&results)),
        None => {
            if comparisons.is_empty() && (results.len() > 1 || options.primary.level.is_some()) {
                say(&format!("Nothing is compared: {}.", why_nothing(&results)));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Returns the exit code: that of a regression if there is one. What cannot be compared might be one, so it is a failure.
fn regression_exit_code(
    limit: f64,
    comparisons: &[ServerComparison],
    differences: &[String],
    why_nothing: &str,
) -> Result<ExitCode, ReportError> {
    if comparisons.is_empty() {
        return Err(ReportError::NotCompared(why_nothing.to_owned()));
    }
    let mut reasons = differences.to_vec();
    let not_compared = comparisons.iter().filter(|comparison| !comparison.is_compared());
    reasons.extend(not_compared.map(ServerComparison::describe));
    if !reasons.is_empty() {
        return Err(ReportError::NotCompared(reasons.join("; ")));
    }
    let is_regression = comparisons.iter().any(|comparison| comparison.is_regression(limit));
    Ok(if is_regression { ExitCode::from(REGRESSION_EXIT_CODE) } else { ExitCode::SUCCESS })
}

/// Returns why nothing was compared.
fn why_nothing(results: &[LoadResult]) -> &'static str {
    match results {
        [result] if result.plan.servers.len() < 2 => "there is one result with one server",
        [_] => "the level that --primary names was not measured",
        _ => "the results have no server with the name and the level in common",
    }
}

/// Compares the servers of one result with the first of them, or those of further results with themselves in the first result.
fn compare(results: &[LoadResult], primary: Primary) -> Vec<ServerComparison> {
    let summaries: Vec<LoadSummary> = results.iter().map(LoadSummary::of).collect();
    match &summaries[..] {
        [] => Vec::new(),
        [summary] => compare_servers(summary, primary, None),
        runs => compare_runs(runs, primary),
    }
}

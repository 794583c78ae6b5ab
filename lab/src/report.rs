//! The `launcelot-lab report` command.

use std::io;
use std::path::PathBuf;

use clap::Args;
use thiserror::Error;

use crate::load::command_line::{print, report};
use crate::load::options::FormatOptions;
use crate::load::results_folder::{self, ReadResultError};

/// The arguments of `launcelot-lab report`.
#[derive(Debug, Clone, Args)]
pub struct ReportOptions {
    /// Folders of results, or `result.json` files; two of them are shown beside each other
    #[arg(required = true, value_name = "DIR|FILE")]
    pub results: Vec<PathBuf>,
    /// How the results are printed.
    #[command(flatten)]
    pub format: FormatOptions,
}

/// Why `launcelot-lab report` fails.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A result cannot be read.
    #[error(transparent)]
    Read(#[from] ReadResultError),
    /// Standard output is full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Prints a report on results.
///
/// # Errors
///
/// See [`ReportError`].
pub fn run(options: &ReportOptions) -> Result<(), ReportError> {
    let mut results = Vec::new();
    for path in &options.results {
        results.push(results_folder::read(path)?);
    }
    print(&report(&results, options.format)).map_err(ReportError::Output)
}

//! The `launcelot-lab merge` command.

use std::path::PathBuf;

use clap::Args;
use launcelot_measure::load::merge::MergeError;
use thiserror::Error;

use crate::load::results_folder::{self, ReadResultError, ResultsFolder, WriteError};
use crate::load::terminal::say;

/// The arguments of `launcelot-lab merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeOptions {
    /// Folders of results, or `result.json` files
    #[arg(required = true, num_args = 2.., value_name = "DIR|FILE")]
    pub results: Vec<PathBuf>,
    /// Folder for the merged results, which is created
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

/// Why `launcelot-lab merge` fails.
#[derive(Debug, Error)]
pub enum MergeCommandError {
    /// A result cannot be read.
    #[error(transparent)]
    Read(#[from] ReadResultError),
    /// The results do not belong together.
    #[error("cannot merge {}", .path.display())]
    Merge {
        /// The result that does not belong to those before it.
        path: PathBuf,
        /// The difference.
        source: MergeError,
    },
    /// The merged results cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Merges results, and writes them to a new folder.
///
/// # Errors
///
/// See [`MergeCommandError`].
pub fn run(options: &MergeOptions) -> Result<(), MergeCommandError> {
    let mut paths = options.results.iter();
    let Some(first) = paths.next() else { return Ok(()) };
    let mut merged = results_folder::read(first)?;
    for path in paths {
        let other = results_folder::read(path)?;
        let error = |source| MergeCommandError::Merge { path: path.clone(), source };
        merged = merged.merge(other).map_err(error)?;
    }
    let folder = ResultsFolder::create(&options.output, &merged)?;
    folder.write_report(&merged)?;
    say(&format!("The merged results are in {}", folder.path().display()));
    Ok(())
}

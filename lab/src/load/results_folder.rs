//! The folder with the results of a run.
//!
//! It is created before the first cycle, so that a folder that cannot be written is found then. `result.json` is replaced after each
//! cycle by a complete new file, so that neither a full disk nor the end of the program loses a cycle that is over.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use launcelot_measure::load::hlog;
use launcelot_measure::load::json::{ReadError, from_json, to_json};
use launcelot_measure::load::{LoadResult, Primary, RunStatus};
use thiserror::Error;

use super::html;

/// The name of the file with the result.
pub const RESULT: &str = "result.json";

/// The name of the file with the latencies as an HdrHistogram log.
pub const LATENCIES: &str = "latency.hlog";

/// The name of the file with the report.
pub const REPORT: &str = "report.html";

/// The name of the new file before it replaces the old one.
const NEW_RESULT: &str = "result.json.new";

/// A file or folder cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {}", .path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// The folder with the results of a run.
#[derive(Debug, Clone)]
pub struct ResultsFolder {
    path: PathBuf,
}

impl ResultsFolder {
    /// Creates the folder at `path`, and writes the result of the run that is about to begin.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created or written, or already contains a result.
    pub fn create(path: &Path, result: &LoadResult) -> Result<Self, WriteError> {
        let folder = Self { path: path.to_owned() };
        fs::create_dir_all(path).map_err(|source| folder.error("", source))?;
        if folder.file(RESULT).exists() {
            let kept = "there is a result already, which is not overwritten";
            return Err(folder.error(RESULT, io::Error::new(io::ErrorKind::AlreadyExists, kept)));
        }
        folder.save(result)?;
        Ok(folder)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Replaces `result.json`. After a failure the old file is still there. The result of a run that is over is written to the disk
    /// itself; before, that would take seconds of a busy disk between two cycles.
    ///
    /// # Errors
    ///
    /// If the new file cannot be written.
    pub fn save(&self, result: &LoadResult) -> Result<(), WriteError> {
        let is_over = result.status != RunStatus::Unfinished;
        let written = self.write(NEW_RESULT, to_json(result).as_bytes(), is_over);
        if written.is_err() {
            // The part of the new file takes the place that other files may need.
            let _ = fs::remove_file(self.file(NEW_RESULT));
            return written;
        }
        fs::rename(self.file(NEW_RESULT), self.file(RESULT)).map_err(|source| self.error(RESULT, source))
    }

    /// Writes `latency.hlog` and `report.html`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_report(&self, result: &LoadResult) -> Result<(), WriteError> {
        self.write(LATENCIES, hlog::log(result).as_bytes(), true)?;
        self.write(REPORT, html::report(std::slice::from_ref(result), Primary::default()).as_bytes(), true)
    }

    /// Writes a file; a durable one to the disk itself.
    fn write(&self, name: &str, contents: &[u8], is_durable: bool) -> Result<(), WriteError> {
        let write = || {
            let mut file = File::create(self.file(name))?;
            file.write_all(contents)?;
            if is_durable { file.sync_all() } else { Ok(()) }
        };
        write().map_err(|source| self.error(name, source))
    }

    fn error(&self, name: &str, source: io::Error) -> WriteError {
        WriteError { path: if name.is_empty() { self.path.clone() } else { self.file(name) }, source }
    }
}

/// Returns the folder for a run that begins now, in `results/`. Its name is the prefix with the local date and time.
pub fn default_path(prefix: &str) -> PathBuf {
    let time = Zoned::now().strftime("%Y-%m-%d-%H%M%S");
    PathBuf::from("results").join(format!("{prefix}{time}"))
}

/// A result cannot be read.
#[derive(Debug, Error)]
#[error("cannot read {}", .path.display())]
pub struct ReadResultError {
    path: PathBuf,
    source: ReadResultCause,
}

#[derive(Debug, Error)]
enum ReadResultCause {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Contents(#[from] ReadError),
}

/// Reads the result in a file, or in the `result.json` of a folder.
///
/// # Errors
///
/// If the file cannot be read, or is not a result.
pub fn read(path: &Path) -> Result<LoadResult, ReadResultError> {
    let path = if path.is_dir() { path.join(RESULT) } else { path.to_owned() };
    let read = || Ok(from_json(&fs::read_to_string(&path)?)?);
    read().map_err(|source| ReadResultError { path: path.clone(), source })
}

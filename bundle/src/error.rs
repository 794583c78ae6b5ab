//! The errors of the build, and a function that reads a file and names it in its error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why the page cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file or folder cannot be written, moved or removed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The program cannot be split into its parts.
    #[error("cannot split the program: {0}")]
    Split(String),
    /// wasm-bindgen cannot generate the program's JavaScript.
    #[error("cannot write the program's JavaScript: {0}")]
    Bind(String),
    /// The loader of the later parts does not have the form that this version of the splitter writes.
    #[error("cannot join the loader of the later parts with the glue: {0}")]
    Join(&'static str),
    /// wasm-opt or esbuild failed, or wasm-opt wrote something that is not WebAssembly.
    #[error("cannot optimize {name} with {}: {reason}", program.display())]
    Optimize {
        /// The file.
        name: String,
        /// The path of the program that failed.
        program: PathBuf,
        /// The output of the program, or the system's error.
        reason: String,
    },
    /// `index.html` has a link that this build does not support.
    #[error("cannot use index.html: {0}")]
    Index(String),
    /// Files that refer to each other cannot all be named after their content.
    #[error("files refer to each other in a cycle: {0}")]
    Cycle(String),
}

/// Reads a whole file. An error contains its path.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, BundleError> {
    fs::read(path).map_err(|source| BundleError::Read { path: path.to_owned(), source })
}

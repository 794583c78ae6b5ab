//! Builds the page from the compiled program and `web/index.html`.
//!
//! trunk reads the same `index.html` during development. This build makes the page that is served: every
//! file but `index.html` is named after its bytes, so a name can be cached for good, and no file can be joined with one
//! of another build.
//!
//! The steps, each a function from bytes to bytes, called in this order by [`page::build`]:
//! - [`program`]: splits the compiled program at the marked functions and writes its JavaScript glue.
//! - [`optimize`]: runs wasm-opt, if there is one.
//! - [`index`]: resolves what `index.html` asks trunk for.
//! - [`names`]: names the files after their content.
//!
//! [`output`] puts the result in place of the previous page. `compress` (a feature) adds compressed variants to it, and
//! [`sizes`] measures what a browser loads.

#[cfg(feature = "compress")]
pub mod compress;
pub mod index;
pub mod names;
pub mod optimize;
pub mod output;
pub mod page;
pub mod program;
pub mod sizes;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// The files of a page: their bytes by name. All of them are in one folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why the page cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder cannot be written, moved or removed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The program cannot be split into its parts.
    #[error("cannot split the program: {0}")]
    Split(String),
    /// wasm-bindgen cannot write the program's JavaScript.
    #[error("cannot write the program's JavaScript: {0}")]
    Bind(String),
    /// The loader of the later parts does not look as this version of the splitter writes it.
    #[error("cannot join the loader of the later parts with the glue: {0}")]
    Join(&'static str),
    /// wasm-opt failed, or wrote something that is not WebAssembly.
    #[error("cannot optimize {name} with {}: {reason}", program.display())]
    Optimize {
        /// The file.
        name: String,
        /// wasm-opt.
        program: PathBuf,
        /// What it said.
        reason: String,
    },
    /// `index.html` asks for something that this build does not do.
    #[error("cannot use index.html: {0}")]
    Index(String),
    /// Files that name each other cannot be named after their content.
    #[error("files refer to each other in a circle: {0}")]
    Circle(String),
}

/// Reads a whole file.
pub(crate) fn read(path: &std::path::Path) -> Result<Vec<u8>, BundleError> {
    std::fs::read(path).map_err(|source| BundleError::Read { path: path.to_owned(), source })
}

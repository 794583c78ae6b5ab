//! Builds the page from the compiled program and `web/index.html`.
//!
//! This build makes the page that is served; trunk reads the same `index.html` during development. Every file but
//! `index.html` and the documentation is named after its content. So a browser can cache a file without revalidating it, and never
//! combines files of different builds.
//!
//! The steps, each a function from bytes to bytes, in the order in which [`page::build`] calls them:
//! - [`program`]: splits the compiled program at the marked functions, and writes its JavaScript glue.
//! - [`optimize`]: runs wasm-opt, if a path to it is given.
//! - [`index`]: resolves the links of `index.html` that are meant for trunk.
//! - [`minify`]: runs esbuild, if a path to it is given.
//! - [`names`]: names the files after their content.
//! - [`docs`]: adds the documentation, whose pages keep their names.
//!
//! [`output`] replaces the previous page by the result. `compress` (a feature of this crate) adds compressed variants, and
//! [`sizes`] adds up what a browser loads.

#[cfg(feature = "compress")]
pub mod compress;
pub mod docs;
mod error;
pub mod index;
pub mod minify;
pub mod names;
pub mod optimize;
pub mod output;
pub mod page;
pub mod program;
pub mod sizes;

use std::collections::BTreeMap;

pub use error::BundleError;

/// The files of a page, which are all in one folder: their bytes by name.
pub type Files = BTreeMap<String, Vec<u8>>;

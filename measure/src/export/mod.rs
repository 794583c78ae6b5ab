//! Exports: measurements as text, written by pure functions that the page and the native programs share.
//!
//! - [`document`]: all measurements in one value, which [`json`] writes and reads.
//! - [`bounds`]: how much a document may contain.
//! - [`csv`]: tables for a spreadsheet, of questions, rounds and failures.
//! - [`hlog`]: rounds as histograms, for tools that read HdrHistogram logs.
//! - [`chrome`]: runs as tracks, for Perfetto and the trace viewers of browsers.
//!
//! Times are in microseconds with up to three decimals, except in [`hlog`], which has nanoseconds.

pub mod bounds;
pub mod chrome;
pub mod csv;
pub mod document;
pub mod hlog;
pub mod json;

pub use document::{Document, DocumentError, RecordedRace, RecordedRun};

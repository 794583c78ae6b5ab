//! What was measured, as text to take along: pure functions from values, the same for the page and for
//! the programs.
//!
//! - [`document`]: everything in one value, which [`json`] writes and reads back.
//! - [`csv`]: tables for a spreadsheet, one of the questions and one of the rounds.
//! - [`hlog`]: rounds as histograms, for the tools that read HdrHistogram's logs.
//! - [`chrome`]: runs as tracks, for Perfetto and the trace viewers of browsers.
//!
//! Times are in microseconds with up to three decimals.

pub mod chrome;
pub mod csv;
pub mod document;
pub mod hlog;
pub mod json;

pub use document::{Document, Race, Recorded, Refusal};

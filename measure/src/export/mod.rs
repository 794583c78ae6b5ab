//! What was measured, as text to take along: pure functions from values, the same for the page and for
//! the programs.
//!
//! - [`document`]: everything in one value, which [`mod@json`] writes and any reader of JSON reads back.
//! - [`csv`]: tables for a spreadsheet, one of the questions and one of the rounds.
//! - [`hlog`]: rounds as histograms, for the tools that read HdrHistogram's logs.
//! - [`chrome`]: runs as tracks, for Perfetto and the trace viewers of browsers.
//!
//! Times are in microseconds with up to three decimals, written with whole-number arithmetic: what
//! formats floating-point numbers, or any value whatever, would be a tenth of a small page.

pub mod chrome;
pub mod csv;
pub mod document;
pub mod hlog;
pub mod json;
mod text;

pub use document::{Document, Race, Recorded, Refusal};

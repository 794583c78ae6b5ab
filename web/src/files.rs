//! What was measured, as a file to take along, and a file that was brought back.
//!
//! Most people take nothing along, so what writes and reads is loaded when somebody does (see [`closer`](crate::closer)).

use launcelot_measure::export::{Document, Refusal, chrome, csv, hlog, json};
use wasm_split_helpers::SplitLoaderError;
#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;

/// A form in which everything can be taken along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything, as this page reads it back.
    Json,
    /// The questions of all runs, for a spreadsheet.
    Questions,
    /// The runs as tracks, for Perfetto.
    ChromeTrace,
    /// All rounds, for a spreadsheet.
    Rounds,
    /// The rounds as histograms.
    HdrHistogramLog,
}

/// The text of a file. `None` if what writes it cannot be loaded.
pub async fn write(form: Form, document: &Document) -> Option<String> {
    #[cfg(feature = "split")]
    let written = write_loaded(form, document).await;
    #[cfg(not(feature = "split"))]
    let written = write_loaded(form, document);
    written.ok()
}

/// The document that a text is, or why it is none that can be taken. `None` if what reads it cannot be loaded.
pub async fn read(text: &str) -> Option<Result<Document, Refusal>> {
    #[cfg(feature = "split")]
    let read = read_loaded(text).await;
    #[cfg(not(feature = "split"))]
    let read = read_loaded(text);
    read.ok()
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn write_loaded(form: Form, document: &Document) -> Result<String, SplitLoaderError> {
    Ok(match form {
        Form::Json => json::write(document),
        Form::Questions => csv::questions(document),
        Form::ChromeTrace => chrome::trace(document),
        Form::Rounds => csv::rounds(document),
        Form::HdrHistogramLog => hlog::log(document),
    })
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn read_loaded(text: &str) -> Result<Result<Document, Refusal>, SplitLoaderError> {
    Ok(json::read(text))
}

//! What was measured, as a file to take along.

use launcelot_measure::export::{Document, chrome, csv, hlog, json};

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

/// The text of a file.
pub fn write(form: Form, document: &Document) -> String {
    match form {
        Form::Json => json::write(document),
        Form::Questions => csv::questions(document),
        Form::ChromeTrace => chrome::trace(document),
        Form::Rounds => csv::rounds(document),
        Form::HdrHistogramLog => hlog::log(document),
    }
}

//! What was measured as text to take along, and such a text as what was measured.

use launcelot_measure::export::document::{Document, Head, Refusal};
use launcelot_measure::export::{chrome, csv, hlog, json};

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
        Form::Json => json::json(document),
        Form::Questions => csv::questions(document),
        Form::ChromeTrace => chrome::trace(document),
        Form::Rounds => csv::rounds(document),
        Form::HdrHistogramLog => hlog::log(document),
    }
}

/// The document that a text is.
///
/// # Errors
///
/// Says why it is none that can be taken.
pub fn read(text: &str) -> Result<Document, Refusal> {
    // The head first: of a newer version nothing else can be expected to be understood.
    let head: Head = serde_json::from_str(text).map_err(|_| Refusal::NotOne)?;
    head.check()?;
    serde_json::from_str::<Document>(text).map_err(|_| Refusal::NotOne)?.taken()
}

#[cfg(test)]
mod tests {
    use launcelot_measure::export::Recorded;
    use launcelot_measure::{Ending, Order, Run};

    use super::*;

    fn document() -> Document {
        let run = Run::new("ws://b/ws".to_owned(), Order::OneAtATime, Default::default(), ["What?".to_owned()]);
        let run = Run { ending: Ending::Stopped, ..run };
        Document { runs: vec![Recorded { number: 1, run, trace: None }], ..Document::default() }
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(read(&write(Form::Json, &document())), Ok(document()));
    }

    #[test]
    fn what_is_no_document_is_refused_for_its_own_reason() {
        let newer = write(Form::Json, &document()).replace("\"version\":1", "\"version\":2");
        let cases = [
            ("", Refusal::NotOne),
            ("{}", Refusal::NotOne),
            ("[1, 2", Refusal::NotOne),
            (r#"{"format": "another", "version": 1}"#, Refusal::NotOne),
            (r#"{"format": "launcelot", "version": 1}"#, Refusal::NotOne),
            (newer.as_str(), Refusal::Newer(2)),
            (r#"{"format": "launcelot", "version": 1, "runs": [], "races": [], "rounds": []}"#, Refusal::Empty),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}

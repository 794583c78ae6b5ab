//! A [`Document`] as JSON, and back.
//!
//! `schema/export.schema.json` describes the JSON, and a test validates documents against that schema.

use std::vec::IntoIter;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::document::{self, Document, DocumentError, DocumentHeader};

/// Writes a document as JSON.
pub fn write(document: &Document) -> String {
    serde_json::to_string(document).expect("values without maps are JSON") + "\n"
}

/// Reads and checks a document, and marks everything in it as imported.
///
/// # Errors
///
/// Returns why the text is not accepted.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    let mut reader = Reader::new(text)?;
    while reader.read_next()? {}
    let mut document = reader.finish()?;
    document.mark_imported();
    Ok(document)
}

/// Reads and checks a document piece by piece, so that a program can do something else between two pieces.
pub struct Reader<'a> {
    runs: IntoIter<&'a RawValue>,
    races: IntoIter<&'a RawValue>,
    rounds: IntoIter<&'a RawValue>,
    document: Document,
}

/// A document of which only the begin and the end of each piece are known.
#[derive(Deserialize)]
struct Outline<'a> {
    format: String,
    version: u32,
    #[serde(borrow)]
    runs: Vec<&'a RawValue>,
    #[serde(borrow)]
    races: Vec<&'a RawValue>,
    #[serde(borrow)]
    rounds: Vec<&'a RawValue>,
}

impl<'a> Reader<'a> {
    /// Reads where the pieces are.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a document of this version or an earlier one.
    pub fn new(text: &'a str) -> Result<Self, DocumentError> {
        let outline = serde_json::from_str(text).map_err(|_| why_not(text))?;
        let Outline { format, version, runs, races, rounds } = outline;
        DocumentHeader { format, version }.check()?;
        let document = Document::default();
        Ok(Self { runs: runs.into_iter(), races: races.into_iter(), rounds: rounds.into_iter(), document })
    }

    /// Reads and checks the next run, race or series. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// Returns why it is not accepted.
    pub fn read_next(&mut self) -> Result<bool, DocumentError> {
        if let Some(run) = self.runs.next() {
            let mut run = parse(run)?;
            document::validate_run(&mut run)?;
            self.document.runs.push(run);
        } else if let Some(race) = self.races.next() {
            let mut race = parse(race)?;
            document::validate_race(&mut race)?;
            self.document.races.push(race);
        } else if let Some(rounds) = self.rounds.next() {
            let mut rounds = parse(rounds)?;
            document::validate_rounds(&mut rounds)?;
            self.document.rounds.push(rounds);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Returns the document.
    ///
    /// # Errors
    ///
    /// Returns an error if the document contains no measurements.
    pub fn finish(self) -> Result<Document, DocumentError> {
        if self.document.is_empty() { Err(DocumentError::Empty) } else { Ok(self.document) }
    }
}

fn parse<T: DeserializeOwned>(piece: &RawValue) -> Result<T, DocumentError> {
    serde_json::from_str(piece.get()).map_err(|_| DocumentError::NotADocument)
}

/// Returns why a text has no outline: the rest of a newer version may be different.
fn why_not(text: &str) -> DocumentError {
    let header = serde_json::from_str::<DocumentHeader>(text).map_err(|_| DocumentError::NotADocument);
    header.and_then(|header| header.check()).err().unwrap_or(DocumentError::NotADocument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_is_not_accepted_is_reported_when_it_is_read() {
        let text = r#"{"format":"launcelot","version":3,"runs":[{"number":1}],"races":[],"rounds":[]}"#;
        let mut reader = Reader::new(text).unwrap();
        assert_eq!(reader.read_next(), Err(DocumentError::NotADocument));
        assert_eq!(reader.read_next(), Ok(false));
        assert_eq!(reader.finish(), Err(DocumentError::Empty));
    }

    #[test]
    fn the_header_of_a_newer_version_is_read_whatever_else_it_contains() {
        let newer = r#"{"format":"launcelot","version":9,"measurements":{}}"#;
        assert_eq!(read(newer), Err(DocumentError::NewerVersion(9)));
        assert_eq!(read(r#"{"format":"launcelot","version":3,"runs":[]}"#), Err(DocumentError::NotADocument));
    }
}

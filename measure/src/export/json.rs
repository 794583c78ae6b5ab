//! A [`Document`] as JSON, and back.
//!
//! `schema/export.schema.json` describes the JSON, and a test validates documents against that schema.

use std::ops::Range;
use std::vec::IntoIter;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::document::{self, Document, DocumentError, DocumentHeader, RecordedRace};

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
    let mut reader = Reader::new(text.to_owned())?;
    while reader.read_next()? {}
    let mut document = reader.finish()?;
    document.mark_imported();
    Ok(document)
}

/// Reads and checks a document piece by piece, so that a program can do something else between two pieces.
#[derive(Debug)]
pub struct Reader {
    text: String,
    pieces: IntoIter<(Kind, Range<usize>)>,
    /// The version of the text.
    version: u32,
    document: Document,
}

/// What a piece of a document is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Run,
    Race,
    Rounds,
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

impl Reader {
    /// Reads where the pieces are.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a document of this version or an earlier one.
    pub fn new(text: String) -> Result<Self, DocumentError> {
        let outline: Outline = serde_json::from_str(&text).map_err(|_| why_not(&text))?;
        let version = outline.version;
        DocumentHeader { format: outline.format, version }.check()?;
        let mut pieces = Vec::new();
        for (kind, all) in [(Kind::Run, outline.runs), (Kind::Race, outline.races), (Kind::Rounds, outline.rounds)] {
            for piece in all {
                // A piece is a part of the text.
                let begin = piece.get().as_ptr().addr() - text.as_ptr().addr();
                pieces.push((kind, begin..begin + piece.get().len()));
            }
        }
        Ok(Self { text, pieces: pieces.into_iter(), version, document: Document::default() })
    }

    /// Reads and checks the next run, race or series. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// Returns why it is not accepted.
    pub fn read_next(&mut self) -> Result<bool, DocumentError> {
        let Some((kind, place)) = self.pieces.next() else { return Ok(false) };
        let piece = &self.text[place];
        match kind {
            Kind::Run => {
                let mut run = parse(piece)?;
                document::validate_run(&mut run, self.version)?;
                self.document.runs.push(run);
            }
            Kind::Race => {
                let mut race: RecordedRace = parse(piece)?;
                document::validate_race(&mut race, self.version)?;
                // Of a race without runs there is nothing to show.
                if race.heats().iter().any(|(_, _, runs)| !runs.is_empty()) {
                    self.document.races.push(race);
                }
            }
            Kind::Rounds => {
                let mut rounds = parse(piece)?;
                document::validate_rounds(&mut rounds, self.version)?;
                self.document.rounds.push(rounds);
            }
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

fn parse<T: DeserializeOwned>(piece: &str) -> Result<T, DocumentError> {
    serde_json::from_str(piece).map_err(|_| DocumentError::NotADocument)
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
        let mut reader = Reader::new(text.to_owned()).unwrap();
        assert_eq!(reader.read_next(), Err(DocumentError::NotADocument));
        assert_eq!(reader.read_next(), Ok(false));
        assert_eq!(reader.finish(), Err(DocumentError::Empty));
    }

    #[test]
    fn a_race_without_runs_is_left_out() {
        let document = Document { races: vec![RecordedRace::default()], ..Document::default() };
        assert_eq!(read(&write(&document)), Err(DocumentError::Empty));
    }

    #[test]
    fn the_header_of_a_newer_version_is_read_whatever_else_it_contains() {
        let newer = r#"{"format":"launcelot","version":9,"measurements":{}}"#;
        assert_eq!(read(newer), Err(DocumentError::NewerVersion(9)));
        assert_eq!(read(r#"{"format":"launcelot","version":3,"runs":[]}"#), Err(DocumentError::NotADocument));
    }
}

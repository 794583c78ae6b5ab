//! A [`Document`] as JSON, and back.
//!
//! `schema/export.schema.json` describes the JSON, and a test validates documents against that schema.

use super::document::{Document, DocumentError, DocumentHeader};

/// Writes a document as JSON.
pub fn write(document: &Document) -> String {
    serde_json::to_string(document).expect("values without maps are JSON") + "\n"
}

/// Reads and checks a document.
///
/// # Errors
///
/// Returns why the text is not accepted.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    // The header first, because the rest of a newer version may be different.
    let header: DocumentHeader = serde_json::from_str(text).map_err(|_| DocumentError::NotADocument)?;
    header.check()?;
    serde_json::from_str::<Document>(text).map_err(|_| DocumentError::NotADocument)?.validated()
}

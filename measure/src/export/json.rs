//! A [`Document`] as JSON, and back.
//!
//! `schema/export.schema.json` describes it, and a test holds it to that.

use super::document::{Document, Head, Refusal};

/// The document as JSON.
pub fn write(document: &Document) -> String {
    serde_json::to_string(document).expect("values without maps are JSON") + "\n"
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

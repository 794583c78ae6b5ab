//! The table of failures.

use serde::Serialize;

use super::{Text, table};
use crate::export::document::Document;
use crate::failures::FailureKind;

/// The line of all failures of a series that have the same kind and message.
#[derive(Default, Serialize)]
struct FailureLine<'a> {
    series: usize,
    name: Text<'a>,
    target: Text<'a>,
    kind: FailureKind,
    message: Text<'a>,
    count: u32,
}

/// Writes the failures of rounds by kind and message.
pub fn failures(document: &Document) -> String {
    table(document.rounds.iter().zip(1..).flat_map(|(rounds, series)| {
        rounds.failures.iter().map(move |failure| FailureLine {
            series,
            name: Text(&rounds.name),
            target: Text(&rounds.target),
            kind: failure.kind,
            message: Text(&failure.message),
            count: failure.count,
        })
    }))
}

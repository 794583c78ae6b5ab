//! Tables for a spreadsheet (RFC 4180): a line for each question, each round, or each kind and message of failures. The first line has
//! the names of the columns, with their units; it is there even if the table has no other line.
//!
//! The text begins with a byte order mark, by which Excel recognizes UTF-8. The separator is a comma and the decimal mark is a point;
//! `docs/figures.md` says how to import that where both are others. Text that a spreadsheet would take for a formula is
//! preceded by an apostrophe.
//!
//! - `began` (RFC 3339) to `is_imported`: the provenance, as far as it is known.
//! - `link`: `none`, `known`, `changed`, or `unknown` if no lab was there that could tell; `link_…`: its settings if they are known. `link_instance`, `link_first_revision` and `link_last_revision`: the revisions of
//!   the settings of that lab, from the first connection of a run or series to its end. Two lines surely have the same link only if
//!   these three fields are equal in both, and the first revision equals the last. If only the last revision is empty, the settings
//!   changed meanwhile, and those at the end are unknown.
//! - `thinking_mean_us`: the mean time that the server worked on a question of the series.
//! - `server_work_first_us` and `server_work_last_us`: the simulated work of the server on each answer, at the beginning and at the end.
//! - `connecting_…_us`: the legs of connecting, which add up to `connecting_us`. `client_us` to `unknown_us`: the legs of the question,
//!   which add up to `took_us` (`thinking_us` is a part of `server_us`). A leg that the path does not have is empty.
//! - `series`: the number of the series of rounds in the document, from 1. Two series may have the same name.
//! - `round`: the number of the round, from 1. A series without an answered round has one line, in which `round`, `is_warm_up` and the
//!   times are empty.
//! - `state`: how the run or series ended; `reason`: why, if it is `broken`.

mod failures;
mod questions;
mod rounds;

use std::time::Duration;

use csv::{Terminator, Writer, WriterBuilder};
use serde::{Serialize, Serializer};

use crate::micros;
use crate::run::RunStatus;

pub use failures::failures;
pub use questions::questions;
pub use rounds::rounds;

/// How a cell begins that a spreadsheet evaluates, or whose beginning it discards before it does.
const FORMULA_PREFIXES: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A time in microseconds.
#[derive(Default, Serialize)]
struct Micros(#[serde(with = "micros")] Duration);

/// Text that a person, a server or a file chose. A spreadsheet never evaluates it.
#[derive(Default)]
struct Text<'a>(&'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.starts_with(FORMULA_PREFIXES) {
            serializer.serialize_str(&["'", self.0].concat())
        } else {
            serializer.serialize_str(self.0)
        }
    }
}

/// Returns the fields `state` and `reason`.
fn state_and_reason(status: &RunStatus) -> (&'static str, Text<'_>) {
    match status {
        RunStatus::Running => ("running", Text("")),
        RunStatus::Complete => ("complete", Text("")),
        RunStatus::Stopped => ("stopped", Text("")),
        RunStatus::Broken(reason) => ("broken", Text(reason)),
    }
}

/// Writes a line with the names of the columns, and then a line for each value.
fn table<Line: Serialize + Default>(lines: impl Iterator<Item = Line>) -> String {
    let mut writer = writer();
    let mut is_empty = true;
    for line in lines {
        is_empty = false;
        write(&mut writer, &line);
    }
    if !is_empty {
        return text(writer);
    }
    write(&mut writer, &Line::default());
    let mut text = text(writer);
    let head_bytes = text.find('\n').map_or(text.len(), |end| end + 1);
    text.truncate(head_bytes);
    text
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer("\u{feff}".into())
}

fn write(writer: &mut Writer<Vec<u8>>, line: &impl Serialize) {
    writer.serialize(line).expect("every field can be a column, and writing to memory cannot fail");
}

fn text(writer: Writer<Vec<u8>>) -> String {
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("the table is text")
}

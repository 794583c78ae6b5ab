//! What a person reads of a run.
//!
//! - [`timing`]: when each thing began and ended.
//! - [`trace`]: what the program did, and how much of that was waiting.
//! - [`legs`]: where on the way the time went.
//! - [`race`]: three ways on one time axis.

pub mod legs;
pub mod race;
pub mod timing;
pub mod trace;

use std::time::Duration;

use launcelot_measure::{Run, Unit, unit};

/// The sign beside a figure that is attributed and not measured.
const NOT_MEASURED: char = '*';

/// How wide a terminal is.
const WIDTH: usize = 80;

/// How wide a column of times in one unit is, besides the space before it: `9999.999 ms`.
const COLUMN: usize = 11;

/// A duration on its own, for a terminal: with a common space in place of a no-break one.
fn format_duration(duration: Duration) -> String {
    unit::format_duration(duration).replace('\u{a0}', " ")
}

/// A duration in a sentence beside a column of that unit, for a terminal.
fn in_sentence(unit: Unit, duration: Duration) -> String {
    unit.in_sentence(duration).replace('\u{a0}', " ")
}

/// What of connecting is not measured in these runs, where an emulated link told it; the sign is that of [`NOT_MEASURED`].
fn attributed<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<String> {
    let handshakes: Vec<Duration> = runs.into_iter().filter_map(|run| run.attributed_handshake).collect();
    let shortest = format_duration(*handshakes.iter().min()?);
    let longest = format_duration(*handshakes.iter().max()?);
    let handshake = if shortest == longest { longest } else { format!("{shortest} to {longest}") };
    Some(format!(
        "{NOT_MEASURED} The last {handshake} of connecting are the emulated link's handshake (a round trip that opens the \
         connection): attributed as the lab told it, not measured. The client's kernel accepted at once, and the link held the first \
         bytes for that long.\n"
    ))
}

/// A text in lines that fit a terminal.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.trim_end().split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    lines + "\n"
}

/// A part of a whole, for a terminal.
fn percent(part: Duration, whole: Duration) -> String {
    unit::format_percent(part, whole).replace('\u{a0}', " ")
}

/// Words, and spaces after them up to `width` characters.
fn padded(words: &str, width: usize) -> String {
    format!("{words:width$}")
}

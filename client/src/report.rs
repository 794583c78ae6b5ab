//! Reports for the terminal.
//!
//! - [`timing`]: when each step began and ended.
//! - [`trace`]: the operations of the client, and how much of them was waiting.
//! - [`legs`]: where on the path the time went.
//! - [`race`]: three ways to ask, on one time axis.

pub mod legs;
pub mod race;
pub mod timing;
pub mod trace;

use std::time::Duration;

use launcelot_measure::Run;
use launcelot_measure::unit::format_duration;

/// The sign of a figure that is attributed and not measured.
const NOT_MEASURED: char = '*';

/// The width of a terminal.
const WIDTH: usize = 80;

/// The width of a column of times, without the space before it: `9999.999 ms`.
const COLUMN: usize = 11;

/// Replaces no-break spaces by spaces, because some terminals show them as another character. A report contains
/// no-break spaces while its lines are wrapped, so that no line ends between a number and its unit.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

/// Returns the explanation of [`NOT_MEASURED`] for these runs; `None` if none of them has an attributed handshake.
fn attributed<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<String> {
    let handshakes: Vec<Duration> = runs.into_iter().filter_map(|run| run.attributed_handshake).collect();
    let shortest = format_duration(*handshakes.iter().min()?);
    let longest = format_duration(*handshakes.iter().max()?);
    let handshake = if shortest == longest { longest } else { format!("{shortest} to {longest}") };
    Some(wrapped(&format!(
        "{NOT_MEASURED} The last {handshake} of connecting are the emulated link's handshake (a round trip that opens the connection): \
         attributed as the lab reported it, not measured. The tunnel's kernel accepted at once, and the link delayed the first bytes by \
         that time."
    )))
}

/// Wraps a string to the width of a terminal, and ends it with a line break.
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

/// Pads a string with spaces to `width` characters.
fn padded(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

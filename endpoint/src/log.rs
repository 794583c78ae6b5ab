//! Logs on standard error: only warnings and errors, unless more is asked for.

use std::env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

/// Sends the logs of this process to standard error: warnings and errors; with `verbosity` 1 also the level INFO, which tells
/// what happens to connections; with 2 also DEBUG. Does nothing if the process has a log subscriber already.
pub fn to_stderr(verbosity: u8) {
    // Fails only if there is a subscriber already.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level(verbosity))
        .with_writer(io::stderr)
        .with_ansi(has_colors(io::stderr().is_terminal(), env::var_os("NO_COLOR").as_deref()))
        // A line that cannot be written is lost. The subscriber would report that on standard error, where writing has just
        // failed, and so panic.
        .log_internal_errors(false)
        .try_init();
}

/// Returns the level of what is logged with this `verbosity`.
pub fn level(verbosity: u8) -> LevelFilter {
    match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    }
}

/// Whether a stream gets colours: only a terminal, and only if the environment variable `NO_COLOR` is not set or is empty
/// (<https://no-color.org>). clap applies the same rule to help and usage errors.
fn has_colors(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_colors_unless_no_color_is_set() {
        let cases = [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (true, Some("0"), false),
            (false, None, false),
        ];
        for (is_terminal, no_color, expected) in cases {
            assert_eq!(has_colors(is_terminal, no_color.map(OsStr::new)), expected, "{is_terminal} {no_color:?}");
        }
    }
}

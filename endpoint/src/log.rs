//! Logs on standard error, quiet unless asked.

use std::env;
use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;

/// Sends the logs of this process to standard error: warnings and errors, with `verbosity` 1 also what happens to
/// connections, with 2 everything. Does nothing if logs go somewhere already.
pub fn to_stderr(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // Fails only if logs go somewhere already.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !no_color())
        // A line that cannot be written is lost. To complain about that on standard error, which is
        // what just failed, would be a panic.
        .log_internal_errors(false)
        .try_init();
}

/// Whether the user wants no colours, in any program (<https://no-color.org>). Help and usage errors obey already.
fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

//! The log of the program.

use std::io::{self, Write as _};

use launcelot_endpoint::log;

use crate::command_line::LogFormat;

/// Sends the log to standard error, in `format`.
pub(super) fn to_stderr(format: LogFormat, verbosity: u8) {
    match format {
        LogFormat::Text => log::to_stderr(verbosity),
        #[cfg(feature = "json-log")]
        LogFormat::Json => json_to_stderr(verbosity),
    }
}

#[cfg(feature = "json-log")]
fn json_to_stderr(verbosity: u8) {
    // Fails only if the log goes somewhere already.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(log::level(verbosity))
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .try_init();
}

/// Writes a line that a signal asked for: whatever is logged, it is wanted.
pub(super) fn report(text: &str) {
    if tracing::enabled!(tracing::Level::INFO) {
        tracing::info!("{text}");
        return;
    }
    // Standard error may be closed.
    let _ = writeln!(io::stderr(), "launcelot-bridge: {text}");
}

//! Standard output, which may be closed (`| head -1`) or full.
//!
//! The programs print by `launcelot_endpoint::output`. That crate is not used here, because it would make the first demo
//! compile longer.

use std::io::{self, Write as _};

/// Prints a string. What cannot be printed is lost, and the work goes on.
pub(crate) fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

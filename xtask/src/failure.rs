//! The failure of a chore: one line, and the output of the command that failed.

use std::fmt::{self, Display};
use std::io;

/// The failure of a chore: one line that says what was tried and why it failed, and the output of a failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    /// The output of the command that failed, as far as it has not been shown.
    output: String,
}

impl Failure {
    /// Creates a failure without the output of a command.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), output: String::new() }
    }

    /// Creates the failure of a command that printed `output`.
    pub(crate) fn with_output(line: String, output: String) -> Self {
        Self { line, output }
    }

    /// Returns the output of the command that failed; empty if it has been shown.
    #[cfg(test)]
    pub(crate) fn output(&self) -> &str {
        &self.output
    }

    /// Removes the output of the command, because it has been shown already.
    pub(crate) fn without_output(self) -> Self {
        Self { output: String::new(), ..self }
    }

    /// Prints the output of the command that failed, once.
    pub(crate) fn show_output(&mut self) {
        eprint!("{}", std::mem::take(&mut self.output));
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Adds what was tried to an error of the system.
pub(crate) trait Context<T> {
    /// Converts the error to a [`Failure`]: `tried`, a clause such as `cannot read Cargo.lock`, and the error.
    fn context(self, tried: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, tried: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", tried())))
    }
}

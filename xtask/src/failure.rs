//! The failure of a chore: one line, and what a failed command printed.

use std::fmt::{self, Display};
use std::io;

/// A chore that failed: what was tried and why it failed, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    /// What the failed command had to say.
    said: String,
}

impl Failure {
    /// A failure without a command.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), said: String::new() }
    }

    /// The failure of a command that printed `said`.
    pub(crate) fn with_output(line: String, said: String) -> Self {
        Self { line, said }
    }

    /// What the failed command printed, unless it has been shown.
    #[cfg(test)]
    pub(crate) fn output(&self) -> &str {
        &self.said
    }

    /// The failure of a command whose output has been shown already.
    pub(crate) fn without_output(self) -> Self {
        Self { said: String::new(), ..self }
    }

    /// Prints what the failed command had to say, once.
    pub(crate) fn show_output(&mut self) {
        eprint!("{}", std::mem::take(&mut self.said));
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Says what was tried, where an error only says why it failed.
pub(crate) trait Context<T> {
    /// `tried` is a clause such as `cannot read Cargo.lock`.
    fn context(self, tried: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, tried: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", tried())))
    }
}

//! What the command lines of all programs share.
//!
//! - [`parse`] reads the arguments and adds the command `completions SHELL`.
//! - [`Verbosity`] is `-v/--verbose`, [`ListenOptions`] is `--listen ADDR` and `--listen-fds`.
//!
//! Help and usage errors have colours on a terminal, unless `NO_COLOR` is set. Help fits 80 columns.

mod completions;
mod listen;

use clap::{ArgAction, Args};

pub use completions::{matches, matches_of, parse};
pub use listen::{ListenAddress, ListenAddressError, ListenOptions};

/// The option that says how much a program logs.
#[derive(Debug, Clone, Copy, Args)]
pub struct Verbosity {
    /// Log on standard error what happens to connections; given twice, log everything
    #[arg(short, long, global = true, display_order = 100, action = ArgAction::Count)]
    pub verbose: u8,
}

//! Helpers of these tests: a server on a thread, the program as a child process, and clients with deadlines.

mod client;
mod program;
mod server;

use std::time::Duration;

use clap::ValueEnum as _;
use launcelot_server::Design;

pub(crate) use client::Client;
pub(crate) use program::Program;
pub(crate) use server::Server;

/// Maximum wait for any event: far more than any event of these tests takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The time after which a test concludes that nothing happens.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);

pub(crate) const NAME: &str = "What is your name?";
pub(crate) const QUEST: &str = "What is your quest?";
pub(crate) const COLOR: &str = "What is your favorite color?";
pub(crate) const LANCELOT: &str = "My name is Sir Lancelot of Camelot.";
pub(crate) const GRAIL: &str = "To seek the Holy Grail.";
pub(crate) const BLUE: &str = "Blue.";
pub(crate) const UNKNOWN: &str = "Error: unknown question.";
pub(crate) const TOO_LONG: &str = "Error: question too long.";

/// Runs `test` with every design.
pub(crate) fn each_design(test: impl Fn(Design)) {
    each_design_except(&[], test);
}

/// Runs `test` with every design that is not in `excluded`.
pub(crate) fn each_design_except(excluded: &[Design], test: impl Fn(Design)) {
    for design in Design::value_variants() {
        if !excluded.contains(design) {
            eprintln!("design: {}", name(*design));
            test(*design);
        }
    }
}

/// Returns the name of a design on the command line.
pub(crate) fn name(design: Design) -> String {
    design.to_possible_value().unwrap().get_name().to_owned()
}

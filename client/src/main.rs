//! `launcelot-client`: asks the three questions and prints the answers.

use std::process::ExitCode;

use clap::Parser;
use launcelot_client::command_line::{self, CommandLine};
use launcelot_endpoint::failure;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    failure::exit_code("launcelot-client", command_line::run(&command_line))
}

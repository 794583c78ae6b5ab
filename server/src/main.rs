//! The program `launcelot-server`. Exit codes: 0 when it was stopped, 1 when it failed, 2 when it
//! was called wrongly.

use std::process::ExitCode;

use clap::Parser as _;
use launcelot_endpoint::{failure, log};
use launcelot_server::command_line::CommandLine;
use launcelot_server::program;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    log::to_stderr(command_line.verbose);
    failure::exit_code("launcelot-server", program::run(&command_line))
}

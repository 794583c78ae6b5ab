//! The program `launcelot-server`. Exit codes: 0 after it was stopped, 1 after a failure, 2 for invalid arguments.

use std::process::ExitCode;

use launcelot_endpoint::{failure, log};
use launcelot_server::command_line::CommandLine;
use launcelot_server::{program, worker};

fn main() -> ExitCode {
    if let Some(code) = worker::run_if_worker() {
        return code;
    }
    let command_line = CommandLine::of_this_program();
    log::to_stderr(command_line.verbosity.verbose);
    failure::exit_code("launcelot-server", program::run(&command_line))
}

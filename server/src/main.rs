//! The program `launcelot-server`. Exit codes: 0 when it was stopped, 1 when it failed, 2 when it
//! was called wrongly.

use std::process::ExitCode;

use launcelot_endpoint::{failure, log};
use launcelot_server::command_line::CommandLine;
use launcelot_server::{program, worker};

fn main() -> ExitCode {
    if let Some(code) = worker::run_if_asked() {
        return code;
    }
    let command_line = CommandLine::of_this_program();
    log::to_stderr(command_line.verbose);
    failure::exit_code("launcelot-server", program::run(&command_line))
}

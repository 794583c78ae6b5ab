//! `launcelot-client`: asks the three questions and prints the answers.

use std::process::ExitCode;

use launcelot_client::command_line::{CommandLine, run};
use launcelot_endpoint::{command_line, failure, log};

fn main() -> ExitCode {
    let command_line: CommandLine = command_line::parse();
    log::to_stderr(command_line.verbosity.verbose);
    failure::exit_code("launcelot-client", run(&command_line))
}

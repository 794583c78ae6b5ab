//! `launcelot-bridge`: relays WebSockets to TCP servers.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use launcelot_bridge::command_line::CommandLine;
use launcelot_bridge::options::OptionsError;
use launcelot_bridge::program;
use launcelot_endpoint::{command_line, failure, log};

const NAME: &str = "launcelot-bridge";

fn main() -> ExitCode {
    let command_line: CommandLine = command_line::parse();
    log::to_stderr(command_line.verbosity.verbose);
    let options = match command_line.options() {
        Ok(options) => options,
        Err(error) => return failure::exit_code::<()>(NAME, Err(error)),
    };
    match options.check() {
        Err(error @ OptionsError::NoDirectory(_)) => return failure::exit_code::<()>(NAME, Err(error)),
        Err(error) => CommandLine::command().error(ErrorKind::ValueValidation, error).exit(),
        Ok(()) => {}
    }
    failure::exit_code(NAME, program::run(&command_line.listen, options))
}

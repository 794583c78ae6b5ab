//! `launcelot-lab`: the whole of Launcelot in one process.

use std::process::ExitCode;

use clap::Parser;
use launcelot_endpoint::{failure, log};
use launcelot_lab::command_line::CommandLine;
use launcelot_lab::demo;
use launcelot_server::worker;

fn main() -> ExitCode {
    if let Some(code) = worker::run_if_asked() {
        return code;
    }
    let command_line = CommandLine::parse();
    log::to_stderr(command_line.verbose);
    failure::exit_code("launcelot-lab", demo::run(&command_line.demo))
}

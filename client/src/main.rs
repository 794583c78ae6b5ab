//! `launcelot-client`: asks the three questions and prints the answers.

use std::process::ExitCode;

use clap::Parser;
use launcelot_client::options::{self, Options};
use launcelot_endpoint::failure;

fn main() -> ExitCode {
    let options = Options::parse();
    failure::exit_code("launcelot-client", options::run(&options))
}

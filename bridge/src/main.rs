//! `launcelot-bridge`: relays WebSockets to TCP servers.

use std::process::ExitCode;

use launcelot_bridge::program;
use launcelot_endpoint::failure;

fn main() -> ExitCode {
    failure::exit_code("launcelot-bridge", program::run())
}

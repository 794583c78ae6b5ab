//! The bridge between programs of other people: their clients, reverse proxies and servers.
//!
//! `cargo xtask test --long --install` installs them. Without `--install`, the tests of missing programs are skipped.

mod adapter;
mod bridge_for_clients;
mod long;

use std::process::Command;

/// Starts the program to which an environment variable leads, or the one with this name.
fn peer(variable: &str, name: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| name.into()))
}

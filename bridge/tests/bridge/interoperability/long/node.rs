//! Clients in Node.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::interoperability::bridge_for_clients::BridgeForClients;

/// Runs a script with the folder of a package that `cargo xtask test` has installed.
fn script(name: &str, package_variable: &str) -> Command {
    let package = env::var_os(package_variable);
    let package =
        package.unwrap_or_else(|| panic!("{package_variable} is not set; type: cargo xtask test --long --install"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bridge/interoperability/clients").join(name);
    let mut command = Command::new("node");
    command.arg(path).arg(package).stdin(Stdio::null());
    command
}

#[tokio::test]
async fn ws_talks_to_a_server_and_learns_why_one_closed() {
    BridgeForClients::start().await.run(script("ws_client.cjs", "LAUNCELOT_WS")).await;
}

#[tokio::test]
async fn undici_and_node_itself_talk_to_a_server_and_learn_why_one_closed() {
    BridgeForClients::start().await.run(script("standard_client.cjs", "LAUNCELOT_UNDICI")).await;
}

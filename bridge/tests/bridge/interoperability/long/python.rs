//! Clients in Python.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::interoperability::bridge_for_clients::BridgeForClients;

/// Runs a script with the Python that has the clients' packages.
fn script(name: &str) -> Command {
    let python = env::var_os("LAUNCELOT_PYTHON_CLIENTS").unwrap_or_else(|| "python3".into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bridge/interoperability/clients").join(name);
    let mut command = Command::new(python);
    command.arg(path).stdin(Stdio::null());
    command
}

#[tokio::test]
async fn websockets_talks_to_a_server_and_learns_why_one_closed() {
    BridgeForClients::start().await.run(script("websockets_client.py")).await;
}

#[tokio::test]
async fn websocket_client_talks_to_a_server_and_learns_why_one_closed() {
    BridgeForClients::start().await.run(script("websocket_client.py")).await;
}

//! websocat, where it is installed: Debian has no package of it, so nothing installs it.

use std::process::Command;

use crate::interoperability::bridge_for_clients::{BridgeForClients, output};

#[tokio::test]
async fn websocat_sends_its_input_and_prints_the_replies() {
    if Command::new("websocat").arg("--version").output().is_err() {
        eprintln!("websocat is not installed");
        return;
    }
    let bridge = BridgeForClients::start().await;
    let mut command = Command::new("sh");
    command.args(["-c", "printf 'What?' | websocat --binary \"$0\"", &bridge.url()]);
    assert_eq!(output(command).await.stdout, b"What?");
}

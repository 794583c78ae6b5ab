//! A bridge with targets that show a client all it must cope with.

use std::process::{Command, Output};

use launcelot_bridge::{Options, Target};
use launcelot_testing::ports::ReservedPort;
use tokio::io::AsyncWriteExt as _;

use crate::common::{Bridge, echo, listen, target};

/// The number of bytes that the target `goodbye` sends before it closes.
const GOODBYE_BYTES: usize = 300_000;

/// A bridge with a server that sends back what it receives at `/ws`, one that sends 300,000 bytes and closes at
/// `/ws/goodbye`, and one that cannot be reached at `/ws/refused`.
pub(crate) struct BridgeForClients {
    bridge: Bridge,
    _refused: ReservedPort,
}

impl BridgeForClients {
    pub(crate) async fn start() -> Self {
        let (listener, goodbye) = listen().await;
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move { stream.write_all(&[7; GOODBYE_BYTES]).await });
            }
        });
        let refused = ReservedPort::new();
        let named = |name: &str, address| Target { name: Some(name.to_owned()), ..target(address) };
        let targets = vec![target(echo().await), named("goodbye", goodbye), named("refused", refused.address())];
        Self { bridge: Bridge::start(Options { targets, ..Options::default() }), _refused: refused }
    }

    /// Returns the URL of the first target.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.bridge.port)
    }

    /// Runs a client's script, which gets the URL as its last argument, to its end.
    pub(crate) async fn run(&self, mut client: Command) {
        client.arg(self.url());
        let Output { status, stdout, stderr } = output(client).await;
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(status.success(), "{status}: {stdout}{stderr}");
    }
}

/// Runs a program to its end, while this test's own tasks go on.
pub(crate) async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || launcelot_testing::process::output_with_stdin(&mut command)).await.unwrap()
}

//! Redis behind the bridge.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use launcelot_bridge::Options;
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::Process;
use launcelot_testing::wait::until_async;
use tokio::net::TcpStream;

use crate::common::{Bridge, target};
use crate::interoperability::adapter::adapter;
use crate::interoperability::bridge_for_clients::output;
use crate::interoperability::peer;

/// How many commands are sent without waiting for replies.
const PIPELINED: usize = 10_000;

async fn redis_cli(port: u16, arguments: &[&str], input: Stdio) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["-p", &port.to_string()]).args(arguments).stdin(input);
    let output = output(command).await;
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[tokio::test]
async fn redis_answers_pipelined_commands_and_large_values_by_tcp_and_at_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let port = ReservedPort::new();
    let socket = directory.path().join("redis.sock");
    let mut command = peer("LAUNCELOT_REDIS", "redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.number.to_string(), "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(directory.path()).arg("--unixsocket").arg(&socket);
    let _redis = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()));
    until_async("Redis", async || TcpStream::connect(port.address()).await.ok()).await;
    until_async("Redis at its Unix socket", async || tokio::net::UnixStream::connect(&socket).await.ok()).await;

    let unix = format!("unix=unix:{}", socket.display()).parse().unwrap();
    let bridge = Bridge::start(Options { targets: vec![target(port.address()), unix], ..Options::default() });
    let large = "x".repeat(3_000_000);
    fs::write(directory.path().join("large"), &large).unwrap();
    let commands: String = (0..PIPELINED).map(|number| format!("RPUSH list {number}\r\n")).collect();
    fs::write(directory.path().join("commands"), commands).unwrap();
    let file = |name: &str| Stdio::from(File::open(directory.path().join(name)).unwrap());
    for path in ["/ws", "/ws/unix"] {
        let port = adapter(format!("ws://127.0.0.1:{}{path}", bridge.port)).await;
        assert_eq!(redis_cli(port, &["PING"], Stdio::null()).await, "PONG", "{path}");
        assert_eq!(redis_cli(port, &["-x", "SET", "large"], file("large")).await, "OK", "{path}");
        assert!(redis_cli(port, &["GET", "large"], Stdio::null()).await == large, "{path}");
        let piped = redis_cli(port, &["--pipe"], file("commands")).await;
        assert!(piped.ends_with(&format!("errors: 0, replies: {PIPELINED}")), "{path}: {piped}");
    }
    let port = adapter(format!("ws://127.0.0.1:{}/ws", bridge.port)).await;
    assert_eq!(redis_cli(port, &["LLEN", "list"], Stdio::null()).await, (2 * PIPELINED).to_string());
}

//! HAProxy in front of the bridge, with `deploy/haproxy.cfg`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::Process;
use launcelot_testing::wait::until_async;
use rustix::process::Signal;
use tempfile::TempDir;

use super::behind_proxy::{BridgeBehindProxy, HOST, until_listening};
use crate::common::certificates::Authority;
use crate::common::deploy::example;
use crate::common::{open_by_hand_at, soon};
use crate::interoperability::peer;

/// A running HAProxy.
struct HaProxy {
    _process: Process,
    port: ReservedPort,
    authority: Authority,
    statistics: PathBuf,
    _directory: TempDir,
}

impl HaProxy {
    /// Starts HAProxy with the example, in which the health check is replaced.
    async fn start(bridge: &BridgeBehindProxy, health_check: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let files = authority.issue(HOST, directory.path());
        let both = directory.path().join("both.pem");
        let [certificate, key] = [files.certificate, files.key].map(|path| fs::read_to_string(path).unwrap());
        fs::write(&both, certificate + &key).unwrap();
        let port = ReservedPort::new();
        let sections = example(
            "haproxy.cfg",
            &[
                ("127.0.0.1:8080", &format!("127.0.0.1:{}", bridge.running.port)),
                ("bind :443", &format!("bind 127.0.0.1:{}", port.number)),
                ("/etc/haproxy/camelot.example.pem", both.to_str().unwrap()),
                ("option httpchk GET /readyz", health_check),
            ],
        );
        let statistics = directory.path().join("statistics");
        let global = format!("global\n    stats socket {}\n", statistics.display());
        let config = directory.path().join("haproxy.cfg");
        fs::write(&config, global + &sections).unwrap();
        let process = Process::start(
            peer("LAUNCELOT_HAPROXY", "haproxy").args(["-db", "-q", "-f"]).arg(&config).stdin(Stdio::null()),
        );
        until_listening(port.number).await;
        Self { _process: process, port, authority, statistics, _directory: directory }
    }

    /// Waits until the last health check of the bridge has this result: `UP` and `L7OK`, for example.
    async fn until_health(&self, state: &str, check: &str) {
        until_async("the health check", async || {
            let line = bridge_statistics(&self.statistics)?;
            let fields: Vec<&str> = line.split(',').collect();
            (fields.contains(&state) && fields.contains(&check)).then_some(())
        })
        .await;
    }
}

/// Returns the line about the bridge of the statistics.
fn bridge_statistics(socket: &Path) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.write_all(b"show stat\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.lines().find(|line| line.starts_with("bridge,bridge1,")).map(str::to_owned)
}

#[tokio::test]
async fn behind_haproxy_with_tls_and_a_prefix_everything_works_and_idle_websockets_stay_open() {
    let bridge = BridgeBehindProxy::start().await;
    let haproxy = HaProxy::start(&bridge, "option httpchk GET /readyz").await;
    haproxy.until_health("UP", "L7OK").await;
    bridge.check(haproxy.port.number, &haproxy.authority).await;
}

#[tokio::test]
async fn the_default_health_check_of_haproxy_succeeds() {
    let bridge = BridgeBehindProxy::start().await;
    let haproxy = HaProxy::start(&bridge, "option httpchk").await;
    haproxy.until_health("UP", "L7OK").await;
}

#[tokio::test]
async fn haproxy_takes_a_stopping_bridge_out_while_its_websockets_go_on() {
    let bridge = BridgeBehindProxy::start().await;
    let haproxy = HaProxy::start(&bridge, "option httpchk GET /readyz").await;
    haproxy.until_health("UP", "L7OK").await;
    let websocket = soon(open_by_hand_at(bridge.running.port, "/bridge/ws")).await;
    bridge.running.signal(Signal::TERM);
    haproxy.until_health("DOWN", "L7STS").await;
    drop(websocket);
}

//! The programs between WebSocket clients and the server.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use launcelot_measure::load::{ServerKind, ServerPlan};

use super::BridgeBenchError;
use super::options::BridgeOptions;
use crate::load::cycle::{EarlyEnd, Target};
use crate::load::processes::UsageSnapshot;
use crate::load::server_under_test::{Addresses, Environment, ServerUnderTest};
use crate::server_process::RunningGroup;

/// The largest number of clients of any measurement, for the limits of the programs.
const CLIENTS_MAX: u32 = 20_000;

/// The largest number of clients of a relay that starts a process for each of them.
const PROCESSES_MAX: u32 = 100;

/// How long a program may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How clients get to the server.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) name: &'static str,
    /// The command, with `{port}` for where it listens, and `{target}` for the address of the server. Without one, clients are
    /// the server's own, over TCP.
    command: Option<Vec<String>>,
    pub(super) clients_max: u32,
}

impl Relay {
    /// Returns whether it is a program, and not the server alone.
    pub(super) fn is_program(&self) -> bool {
        self.command.is_some()
    }
}

/// Returns the server alone, the bridge, and the other bridges that are there.
pub(super) fn find(options: &BridgeOptions) -> Result<Vec<Relay>, BridgeBenchError> {
    let bridge = options.bridge();
    if !bridge.is_file() {
        return Err(BridgeBenchError::NoBridge(bridge));
    }
    let max_connections = CLIENTS_MAX.to_string();
    let bridge_arguments = [
        &["--listen", "127.0.0.1:{port}", "--target", "{target}", "--target", "bulk={bulk}"][..],
        &["--max-connections", &max_connections, "--max-websockets", &max_connections],
    ]
    .concat();
    let mut relays = vec![
        Relay { name: "server alone", command: None, clients_max: CLIENTS_MAX },
        program("launcelot-bridge", &bridge, &bridge_arguments, CLIENTS_MAX),
    ];
    if options.smallest().is_file() {
        let arguments = ["127.0.0.1:{port}", "{target}"];
        relays.push(program("smallest", &options.smallest(), &arguments, CLIENTS_MAX));
    }
    if let Some(path) = on_path("websocat") {
        let arguments = ["--binary", "--exit-on-eof", "ws-l:127.0.0.1:{port}", "tcp:{target}"];
        relays.push(program("websocat", &path, &arguments, CLIENTS_MAX));
    }
    if let Some(path) = on_path("websockify") {
        relays.push(program("websockify", &path, &["127.0.0.1:{port}", "{target}"], PROCESSES_MAX));
    }
    Ok(relays)
}

fn program(name: &'static str, path: &Path, arguments: &[&str], clients_max: u32) -> Relay {
    let path = path.to_string_lossy().into_owned();
    let command = [path].into_iter().chain(arguments.iter().map(|&argument| argument.to_owned()));
    Relay { name, command: Some(command.collect()), clients_max }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A program that runs, or the server alone. Dropping it ends it.
pub(super) struct Process {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    /// The path of the URL.
    is_relay: bool,
    process: Option<ServerUnderTest>,
}

impl Process {
    pub(super) fn start_server(logs: &Path) -> Result<Self, BridgeBenchError> {
        let design = "async".to_owned();
        let kind = ServerKind::Design { design, workers: None, threads: None, backlog: None, think: Duration::ZERO };
        Self::spawn("server", kind, false, logs)
    }

    /// Starts `relay` to `target`; `bulk` is the address of the source of bulk transfers. The server alone runs already.
    pub(super) fn start(
        relay: &Relay,
        target: SocketAddr,
        bulk: SocketAddr,
        logs: &Path,
    ) -> Result<Self, BridgeBenchError> {
        let Some(command) = &relay.command else {
            return Ok(Self { name: relay.name, address: target, is_relay: false, process: None });
        };
        let command = shell_words::join(command);
        let command = command.replace("{target}", &target.to_string()).replace("{bulk}", &bulk.to_string());
        Self::spawn(relay.name, ServerKind::Command { command }, true, logs)
    }

    fn spawn(name: &'static str, kind: ServerKind, is_relay: bool, logs: &Path) -> Result<Self, BridgeBenchError> {
        let environment = Environment {
            addresses: Addresses::default(),
            logs: logs.to_owned(),
            link: None,
            clients_max: CLIENTS_MAX,
            start_timeout: START_TIMEOUT,
            early_end: EarlyEnd::default(),
            running: RunningGroup::default(),
        };
        let plan = ServerPlan { name: name.to_owned(), kind };
        let process = ServerUnderTest::start(&plan, &environment)
            .map_err(|source| BridgeBenchError::Start { name: name.to_owned(), source })?;
        let (Target::Tcp(addresses) | Target::WebSocket { addresses, .. }) = &process.target;
        let address = addresses.first().copied().expect("a program that was started has an address");
        Ok(Self { name, address, is_relay, process: Some(process) })
    }

    /// Returns where clients of the load connect.
    pub(super) fn target(&self) -> Target {
        let addresses = vec![self.address];
        if self.is_relay { Target::WebSocket { addresses, url: self.url("/ws") } } else { Target::Tcp(addresses) }
    }

    pub(super) fn is_relay(&self) -> bool {
        self.is_relay
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Returns what it has used until now; nothing of the server alone.
    pub(super) fn usage(&self) -> UsageSnapshot {
        self.process.as_ref().and_then(ServerUnderTest::usage).unwrap_or_default()
    }

    /// Returns the memory that it takes now.
    pub(super) fn memory_bytes(&self) -> u64 {
        let usage = self.usage();
        usage.since(&usage).memory_bytes
    }
}

//! Runs the cases against a server.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use launcelot_endpoint::lookup::look_up_blocking;
use launcelot_protocol::ScriptExchange;
use thiserror::Error;

use super::cases::{Case, CaseClient, CaseStep};
use super::client::ProbeClient;
use super::connection::Connection;
use super::start_command::{StartCommand, StartError, Timeouts};
use super::transcript::SocketEvent;
use super::verdict::{Finding, Findings, Observation, ServerState};

/// Why a server cannot be probed.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The server's name could not be resolved.
    #[error("cannot resolve '{host}'")]
    Lookup {
        /// The name.
        host: String,
        /// The system's error.
        source: io::Error,
    },
    /// None of the server's addresses accepts connections.
    #[error("cannot connect to '{host}' port {port}")]
    Connect {
        /// The server's name or address.
        host: String,
        /// The server's port.
        port: u16,
        /// The error of the first attempt that failed, or a timeout.
        source: io::Error,
    },
}

/// A server to probe.
#[derive(Debug)]
pub struct Prober {
    address: SocketAddr,
    timeout: Duration,
    /// The connection that showed which address accepts. The first case uses this connection, because the server might
    /// not survive a client that connects and closes.
    first_connection: Option<Connection>,
}

impl Prober {
    /// Connects to the first of the host's addresses that accepts. Each wait, now and later, lasts for at most `timeout`,
    /// which must not be zero.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub fn connect(host: &str, port: u16, timeout: Duration) -> Result<Self, ConnectError> {
        let addresses =
            look_up_blocking(host, port).map_err(|source| ConnectError::Lookup { host: host.to_owned(), source })?;
        let connected =
            Connection::connect(addresses, timeout).and_then(|connection| Ok((connection.peer_address()?, connection)));
        match connected {
            Ok((address, connection)) => Ok(Self::new(address, connection, timeout)),
            Err(source) => Err(ConnectError::Connect { host: host.to_owned(), port, source }),
        }
    }

    fn new(address: SocketAddr, connection: Connection, timeout: Duration) -> Self {
        Self { address, timeout, first_connection: Some(connection) }
    }

    /// Returns the server's address that has accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs `cases`, and passes each finding to `on_finding` as soon as it is made. Once the server no longer answers, the
    /// remaining cases are not run.
    pub fn probe(mut self, cases: &[Case], mut on_finding: impl FnMut(&Finding)) -> Findings {
        let mut findings = Findings::default();
        for case in cases {
            let finding = match findings.server() {
                ServerState::Alive => self.run_case(case),
                state => Finding::not_run(case.behaviour, state),
            };
            on_finding(&finding);
            findings.all.push(finding);
        }
        findings
    }

    fn run_case(&mut self, case: &Case) -> Finding {
        tracing::info!("{}", case.behaviour);
        // The connections of the case are closed before the server's state is tested.
        let observation = self.run_steps(case);
        Finding::new(case.behaviour, observation, self.server_state(&case.alive_check))
    }

    /// Runs the steps of a case, up to the first at which the server differs from what is expected.
    fn run_steps(&mut self, case: &Case) -> Observation {
        let mut first = ProbeClient::new(self.timeout);
        let mut second = ProbeClient::new(self.timeout);
        for CaseStep { client, action } in &case.steps {
            tracing::debug!("{client:?}: {action:?}");
            let client = match client {
                CaseClient::First => &mut first,
                CaseClient::Second => &mut second,
            };
            if !client.has_begun() {
                client.begin(self.open_connection());
            }
            client.perform(action);
            if client.differs() {
                return client.observation();
            }
        }
        // A case with two clients is about the second.
        if second.has_begun() { second.observation() } else { first.observation() }
    }

    fn open_connection(&mut self) -> io::Result<Connection> {
        match self.first_connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::connect([self.address], self.timeout),
        }
    }

    /// Asks one question over a fresh connection. If any bytes arrive, the server is alive.
    fn server_state(&self, alive_check: &ScriptExchange) -> ServerState {
        // A server that is about to exit may have accepted the first connection before it closed its listener. The second
        // one shows that it has exited.
        const TRIES: usize = 2;
        for _ in 0..TRIES {
            let mut connection = match Connection::connect([self.address], self.timeout) {
                Ok(connection) => connection,
                Err(error) if error.kind() == ErrorKind::TimedOut => return ServerState::Hung,
                Err(_) => return ServerState::Dead,
            };
            connection.send(alive_check.question.as_bytes());
            let mut received = Vec::new();
            let event = connection.receive(alive_check.answer.as_bytes(), &mut received, self.timeout);
            if !received.is_empty() {
                return ServerState::Alive;
            }
            if let Some(SocketEvent::Timeout(_)) = event {
                return ServerState::Hung;
            }
        }
        ServerState::Hung
    }
}

/// Runs each of `cases` against a server of its own, which `command` starts. Passes each finding to `on_finding` as soon as
/// it is made.
///
/// # Errors
///
/// If a server cannot be started. The findings up to then have been passed on.
pub fn probe_with_server_per_case(
    command: &StartCommand,
    timeouts: Timeouts,
    cases: &[Case],
    mut on_finding: impl FnMut(&Finding),
) -> Result<Findings, StartError> {
    let mut findings = Findings { has_server_per_case: true, ..Findings::default() };
    for case in cases {
        let (mut server, address, connection) = command.start(timeouts)?;
        let mut finding = Prober::new(address, connection, timeouts.answer).run_case(case);
        if finding.server == ServerState::Dead {
            finding.exit = server.exit();
        }
        drop(server);
        on_finding(&finding);
        findings.all.push(finding);
    }
    Ok(findings)
}

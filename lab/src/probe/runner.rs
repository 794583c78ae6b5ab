//! Acts out the cases against a server.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use launcelot_protocol::EXCHANGES;
use launcelot_protocol::exchange::Exchange;
use thiserror::Error;

use super::cases::{Case, Client, Step};
use super::dialogue::Dialogue;
use super::started::{StartCommand, StartError};
use super::transcript::Then;
use super::verdict::{Finding, Findings, Observation, ServerState};
use super::wire::Wire;

/// Why there is nothing to probe.
#[derive(Debug, Error)]
pub enum ReachError {
    /// The name has no address.
    #[error("cannot find '{host}'")]
    Lookup {
        /// Who was looked for.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nobody takes connections there.
    #[error("cannot connect to '{host}' port {port}")]
    Connect {
        /// Who was tried.
        host: String,
        /// At which port.
        port: u16,
        /// What the system says about the address that was tried last.
        source: io::Error,
    },
}

/// A server that has been reached and is to be probed.
#[derive(Debug)]
pub struct Prober {
    address: SocketAddr,
    timeout: Duration,
    /// The connection by which it was reached. The first case uses it: a client that comes and goes
    /// without a word could be too much for a server already.
    opened: Option<Wire>,
}

impl Prober {
    /// Connects to the first of the host's addresses that accepts. Each wait, now and later, lasts
    /// for at most `timeout`, which must not be zero.
    ///
    /// # Errors
    ///
    /// See [`ReachError`].
    pub fn reach(host: &str, port: u16, timeout: Duration) -> Result<Self, ReachError> {
        let lookup = |source| ReachError::Lookup { host: host.to_owned(), source };
        let mut refused = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in (host, port).to_socket_addrs().map_err(lookup)? {
            match Wire::connect(address, timeout) {
                Ok(wire) => return Ok(Self { address, timeout, opened: Some(wire) }),
                Err(error) => refused = error,
            }
        }
        Err(ReachError::Connect { host: host.to_owned(), port, source: refused })
    }

    /// The address that accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Acts out `cases`, and hands each finding to `on_finding` as soon as it is made. Once the
    /// server answers nobody any more, the cases that are left are not run.
    pub fn probe(mut self, cases: &[Case], mut on_finding: impl FnMut(&Finding)) -> Findings {
        let mut findings = Findings::default();
        for case in cases {
            let finding = match findings.server() {
                ServerState::Alive => self.try_out(case),
                gone => Finding::not_run(case.behaviour, gone),
            };
            on_finding(&finding);
            findings.all.push(finding);
        }
        findings
    }

    fn try_out(&mut self, case: &Case) -> Finding {
        tracing::info!("{}", case.behaviour);
        // The connections of the case are closed before the server is asked again.
        let observation = self.act_out(case);
        Finding::judged(case.behaviour, observation, self.server_state())
    }

    /// Takes the steps of a case, up to the first at which the server departs from what is expected.
    fn act_out(&mut self, case: &Case) -> Observation {
        let mut first = Dialogue::new(self.timeout);
        let mut second = Dialogue::new(self.timeout);
        for Step { client, act } in &case.steps {
            tracing::debug!("{client:?}: {act:?}");
            let dialogue = match client {
                Client::First => &mut first,
                Client::Second => &mut second,
            };
            if !dialogue.has_begun() {
                dialogue.begin(self.connect());
            }
            dialogue.act(act);
            if dialogue.has_departed() {
                return dialogue.observation();
            }
        }
        // With two clients, what the second one hears is the point.
        if second.has_begun() { second.observation() } else { first.observation() }
    }

    fn connect(&mut self) -> io::Result<Wire> {
        self.opened.take().map_or_else(|| Wire::connect(self.address, self.timeout), Ok)
    }

    /// Asks one question over a fresh connection. Any answer is a sign of life.
    fn server_state(&self) -> ServerState {
        // A server that is just dying may have taken the connection before it lets go of its port;
        // the next one tells.
        const TRIES: usize = 2;
        for _ in 0..TRIES {
            let mut wire = match Wire::connect(self.address, self.timeout) {
                Ok(wire) => wire,
                Err(error) if error.kind() == ErrorKind::TimedOut => return ServerState::Hung,
                Err(_) => return ServerState::Dead,
            };
            let [.., Exchange { question, answer }] = EXCHANGES;
            wire.say(question.as_bytes());
            let mut heard = Vec::new();
            let then = wire.hear(answer.as_bytes(), &mut heard, self.timeout);
            if !heard.is_empty() {
                return ServerState::Alive;
            }
            if let Some(Then::Silence(_)) = then {
                return ServerState::Hung;
            }
        }
        ServerState::Hung
    }
}

/// How long to wait for a server that is started for each case. None of it may be zero.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until it listens.
    pub start: Duration,
    /// For a connection or an answer.
    pub answer: Duration,
}

/// Acts out each of `cases` against a server of its own, which `command` starts, and hands each finding to `on_finding`
/// as soon as it is made.
///
/// # Errors
///
/// If a server cannot be started. The findings up to then have been handed over.
pub fn probe_anew(
    command: &StartCommand,
    timeouts: Timeouts,
    cases: &[Case],
    mut on_finding: impl FnMut(&Finding),
) -> Result<Findings, StartError> {
    let mut findings = Findings { started_anew: true, ..Findings::default() };
    for case in cases {
        let (mut server, address, wire) = command.start(timeouts)?;
        let mut finding = Prober { address, timeout: timeouts.answer, opened: Some(wire) }.try_out(case);
        if finding.server == ServerState::Dead {
            finding.death = server.death();
        }
        drop(server);
        on_finding(&finding);
        findings.all.push(finding);
    }
    Ok(findings)
}

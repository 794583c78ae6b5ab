//! A command that starts a server on a free port.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Stdio;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::connection::Connection;
use crate::server_command::{self, PORT, PORTS, free_port};
use crate::server_process::{POLL_INTERVAL, RunningGroup, ServerProcess};

/// How many times a server is started if it exits before it listens: another program may have taken its port.
const START_TRIES: usize = 3;

/// The timeouts for a server that is started. None of them may be zero.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// How long the server may take until it listens.
    pub start: Duration,
    /// The timeout of connecting, and of each answer.
    pub answer: Duration,
}

/// Why a server cannot be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The command cannot be run.
    #[error("cannot run '{program}'")]
    Run {
        /// The command's first word.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The server exited before it listened.
    #[error("'{command}' exited before it listened on port {port}: {exit}")]
    Exited {
        /// The command with its port.
        command: String,
        /// The port that was tried last.
        port: u16,
        /// The exit code or signal, and the last line on standard error.
        exit: String,
    },
    /// The server does not listen.
    #[error("timed out after {} while waiting for '{command}' to listen on port {port}", humantime::format_duration(*.timeout))]
    Timeout {
        /// The command with its port.
        command: String,
        /// The port on which it should listen.
        port: u16,
        /// The timeout.
        timeout: Duration,
    },
    /// All ports that were tried are in use.
    #[error("cannot find a free port between {} and {}", PORTS.start, PORTS.end)]
    NoPort,
}

/// A command that starts a server, with the placeholder `{port}`. It is split into words as a shell does.
#[derive(Debug, Clone)]
pub struct StartCommand {
    text: String,
    words: Vec<String>,
    running: RunningGroup,
}

impl FromStr for StartCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = server_command::split(text)?;
        Ok(Self { text: text.to_owned(), words, running: RunningGroup::default() })
    }
}

impl StartCommand {
    /// Returns the command as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Kills the running server, if there is one, for a program that is about to exit.
    pub fn kill_running(&self) {
        self.running.kill();
    }

    /// Starts a server and waits until it listens. Returns the server, its address, and an open connection to it.
    pub(super) fn start(&self, timeouts: Timeouts) -> Result<(ServerProcess, SocketAddr, Connection), StartError> {
        let mut tries = START_TRIES;
        loop {
            tries -= 1;
            let port = free_port().ok_or(StartError::NoPort)?;
            match self.start_at(port, timeouts) {
                Err(StartError::Exited { .. }) if tries > 0 => {}
                started => return started,
            }
        }
    }

    fn start_at(&self, port: u16, timeouts: Timeouts) -> Result<(ServerProcess, SocketAddr, Connection), StartError> {
        let mut server = self.spawn(port)?;
        let command = self.text.replace(PORT, &port.to_string());
        let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), (Ipv6Addr::LOCALHOST, port).into()];
        let began = Instant::now();
        loop {
            let connected = Connection::connect(addresses, timeouts.answer)
                .and_then(|connection| Ok((connection.peer_address()?, connection)));
            // If the server has exited, another program has accepted the connection.
            if let Ok((address, connection)) = connected
                && !server.has_exited()
            {
                return Ok((server, address, connection));
            }
            if server.has_exited() {
                return Err(StartError::Exited { command, port, exit: server.end() });
            }
            if began.elapsed() >= timeouts.start {
                return Err(StartError::Timeout { command, port, timeout: timeouts.start });
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn spawn(&self, port: u16) -> Result<ServerProcess, StartError> {
        let error = |source| StartError::Run { program: self.words[0].clone(), source };
        let stderr = tempfile::tempfile().map_err(error)?;
        server_command::spawn(&self.words, port, Stdio::null(), stderr, &self.running).map_err(error)
    }
}

//! A command that starts a server on a free port.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::Listeners;
use thiserror::Error;

use super::connection::Connection;
use super::server_process::{POLL_INTERVAL, RunningGroup, ServerProcess};

/// The placeholder for the port in a command.
const PORT: &str = "{port}";

/// The ports to choose from. They are below the kernel's default range of ephemeral ports.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// How many ports are tried to find a free one.
const FREE_PORT_TRIES: usize = 100;

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
        let words = shell_words::split(text).map_err(|error| error.to_string())?;
        if !words.iter().skip(1).any(|word| word.contains(PORT)) {
            return Err(format!("{PORT} must be among the command's arguments, where the server expects its port"));
        }
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
        let words: Vec<String> = self.words.iter().map(|word| word.replace(PORT, &port.to_string())).collect();
        let error = |source| StartError::Run { program: words[0].clone(), source };
        let stderr = tempfile::tempfile().map_err(error)?;
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr.try_clone().map_err(error)?)
            .process_group(0)
            .spawn()
            .map_err(error)?;
        Ok(ServerProcess::new(child, stderr, self.running.clone()))
    }
}

/// Returns a port that is free at both addresses of localhost.
pub(crate) fn free_port() -> Option<u16> {
    let mut ports = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(FREE_PORT_TRIES);
    ports.find(|port| Listeners::bind("localhost", *port, 1).is_ok())
}

//! A server that the prober starts itself, at a port of the prober's choice, and ends afterwards.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::Listeners;
use nix::sys::signal::Signal as SignalName;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use thiserror::Error;

use super::runner::Timeouts;
use super::wire::Wire;

/// What stands for the port in a command.
const PORT: &str = "{port}";

/// The ports to choose from: a system gives none of these to a client that asks for any.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// How often a free port is looked for.
const FREE_PORT_TRIES: usize = 100;

/// How often a server is started that ends before it listens: its port may have been taken meanwhile.
const START_TRIES: usize = 3;

/// How long to pause between two looks at a server that starts or ends.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a server may take to exit after a signal, and to exit by itself once it accepts no more connections.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// How much is read of what a server has said last.
const LAST_WORDS_MAX_BYTES: u64 = 4096;

/// Why a server cannot be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The command cannot be run.
    #[error("cannot run '{program}'")]
    Run {
        /// The command's first word.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The server ended before it listened.
    #[error("'{command}' ended before it listened at port {port}: {how}")]
    Ended {
        /// The command with its port.
        command: String,
        /// The port that was tried last.
        port: u16,
        /// How it ended, and its last words.
        how: String,
    },
    /// The server does not listen.
    #[error("timed out after {} while waiting until '{command}' listens at port {port}", humantime::format_duration(*.timeout))]
    Timeout {
        /// The command with its port.
        command: String,
        /// The port that it should listen at.
        port: u16,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// All ports that were tried are in use.
    #[error("cannot find a free port between {} and {}", PORTS.start, PORTS.end)]
    NoPort,
}

/// A command that starts a server, with `{port}` where its port belongs. Split into words as a shell does.
#[derive(Debug, Clone)]
pub struct StartCommand {
    text: String,
    words: Vec<String>,
    /// The process group of the server that runs now.
    running: Arc<Mutex<Option<Pid>>>,
}

impl FromStr for StartCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = shell_words::split(text).map_err(|error| error.to_string())?;
        if !words.iter().skip(1).any(|word| word.contains(PORT)) {
            return Err(format!("{PORT} must be among the command's arguments, where the server expects its port"));
        }
        Ok(Self { text: text.to_owned(), words, running: Arc::default() })
    }
}

impl StartCommand {
    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Ends the server that runs now, if one does, for a program that is about to end itself.
    pub fn kill_running(&self) {
        if let Some(group) = *self.running() {
            // It fails only if the server is gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Starts a server and waits until it listens. Returns it with a connection to it.
    pub(super) fn start(&self, timeouts: Timeouts) -> Result<(StartedServer, SocketAddr, Wire), StartError> {
        let mut tries = START_TRIES;
        loop {
            tries -= 1;
            let port = free_port().ok_or(StartError::NoPort)?;
            match self.start_at(port, timeouts) {
                Err(StartError::Ended { .. }) if tries > 0 => {}
                started => return started,
            }
        }
    }

    fn start_at(&self, port: u16, timeouts: Timeouts) -> Result<(StartedServer, SocketAddr, Wire), StartError> {
        let words: Vec<String> = self.words.iter().map(|word| word.replace(PORT, &port.to_string())).collect();
        let run = |source| StartError::Run { program: words[0].clone(), source };
        let mut said = tempfile::tempfile().map_err(run)?;
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone().map_err(run)?)
            .process_group(0)
            .spawn()
            .map_err(run)?;
        let group = Pid::from_child(&child);
        *self.running() = Some(group);
        let mut server = StartedServer { child, group, said: None, running: Arc::clone(&self.running) };
        let began = Instant::now();
        let command = self.text.replace(PORT, &port.to_string());
        loop {
            for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), (Ipv6Addr::LOCALHOST, port).into()] {
                // If the server has exited, another program accepted the connection.
                if let Ok(wire) = Wire::connect(address, timeouts.answer)
                    && !server.has_ended()
                {
                    server.said = Some(said);
                    return Ok((server, address, wire));
                }
            }
            if server.has_ended() {
                let how =
                    server.end().map_or_else(|| "its end is not known".to_owned(), |status| how(status, &mut said));
                return Err(StartError::Ended { command, port, how });
            }
            if began.elapsed() >= timeouts.start {
                return Err(StartError::Timeout { command, port, timeout: timeouts.start });
            }
            thread::sleep(PAUSE);
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server that runs. To drop it ends it, and all that it has started.
#[derive(Debug)]
pub(super) struct StartedServer {
    child: Child,
    group: Pid,
    /// What it writes to standard error.
    said: Option<File>,
    running: Arc<Mutex<Option<Pid>>>,
}

impl StartedServer {
    /// How it ended, and its last words, if it ends soon by itself.
    pub(super) fn death(&mut self) -> Option<String> {
        if !self.ends_within(END_TIMEOUT) {
            return None;
        }
        let status = self.end()?;
        Some(how(status, self.said.as_mut()?))
    }

    /// Whether the process has ended. It is not reaped, so that its group's number stays its own.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(self.group), look), Ok(Some(_)) | Err(_))
    }

    fn ends_within(&self, timeout: Duration) -> bool {
        let began = Instant::now();
        loop {
            if self.has_ended() {
                return true;
            }
            if began.elapsed() >= timeout {
                return false;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Ends the whole process group, and returns how the process had ended.
    fn end(&mut self) -> Option<ExitStatus> {
        // A signal fails only if the group has no process left.
        if self.running.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            let _ = kill_process_group(self.group, Signal::TERM);
            self.ends_within(END_TIMEOUT);
            let _ = kill_process_group(self.group, Signal::KILL);
        }
        self.child.wait().ok()
    }
}

impl Drop for StartedServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port at which no program listens, at either address of localhost.
fn free_port() -> Option<u16> {
    let mut ports = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(FREE_PORT_TRIES);
    ports.find(|port| Listeners::bind("localhost", *port, 1).is_ok())
}

/// How a process ended, and the last line that it wrote to standard error.
fn how(status: ExitStatus, said: &mut File) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match SignalName::try_from(signal) {
            Ok(name) => format!("killed by {name}"),
            Err(_) => format!("killed by signal {signal}"),
        },
        (None, None) => "ended".to_owned(),
    };
    match last_line(said) {
        Ok(Some(line)) => format!("{how}: {line}"),
        _ => how,
    }
}

fn last_line(said: &mut File) -> io::Result<Option<String>> {
    let length = said.seek(SeekFrom::End(0))?;
    said.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS_MAX_BYTES)))?;
    let mut end = Vec::new();
    said.take(LAST_WORDS_MAX_BYTES).read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    let line = end.lines().rev().map(str::trim).find(|line| !line.is_empty());
    // No control character moves the terminal's cursor.
    Ok(line.map(|line| line.chars().filter(|character| !character.is_control()).collect()))
}

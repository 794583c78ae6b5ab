//! A server under test, from its start to its end, with the emulated link in front of it.
//!
//! A server that the lab starts is a fresh process for each cycle, so that what one cycle leaves behind does not affect the next.

use std::collections::BTreeMap;
use std::env;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::{BACKLOG, ListenError, Listeners};
use launcelot_endpoint::lookup::look_up_blocking;
use launcelot_measure::Distribution;
use launcelot_measure::load::{ServerKind, ServerPlan};
use nix::sys::resource::{UsageWho, getrusage};
use thiserror::Error;

use super::cycle::{EarlyEnd, Target};
use super::listening::is_listening;
use super::processes::UsageSnapshot;
use crate::inetd::SuperServer;
use crate::server_command::{self, free_port};
use crate::server_process::{POLL_INTERVAL, RunningGroup, ServerProcess};
use crate::tunnel::{Tunnel, TunnelError, TunnelSettings};
use crate::watchdog::Watchdog;

/// The hidden command of `launcelot-lab` that is `launcelot-server`.
pub const SERVE: &str = "serve";

/// The design that a super-server listens for.
pub(super) const INETD: &str = "inetd";

/// How often a server is started if it exits before it listens: another program may have taken its port.
const START_TRIES: usize = 3;

/// The addresses of the servers that run already, looked up once for the whole run.
#[derive(Debug, Clone, Default)]
pub struct Addresses(BTreeMap<String, Vec<SocketAddr>>);

/// The host name of a server cannot be resolved.
#[derive(Debug, Error)]
#[error("cannot resolve '{host}'")]
pub struct LookupError {
    host: String,
    source: io::Error,
}

impl Addresses {
    /// Looks up the addresses of the servers that the lab does not start.
    ///
    /// # Errors
    ///
    /// If a host name cannot be resolved.
    pub fn look_up(servers: &[ServerPlan]) -> Result<Self, LookupError> {
        let mut addresses = BTreeMap::new();
        for server in servers {
            let (host, port) = match &server.kind {
                ServerKind::Address { host, port } => (host.clone(), *port),
                ServerKind::WebSocket { url } => url_host_and_port(url),
                ServerKind::Design { .. } | ServerKind::Command { .. } => continue,
            };
            let found = look_up_blocking(&host, port).map_err(|source| LookupError { host, source })?;
            addresses.insert(server.name.clone(), found);
        }
        Ok(Self(addresses))
    }

    /// Returns the addresses of a server; none if the lab starts it.
    pub fn of(&self, server: &ServerPlan) -> Vec<SocketAddr> {
        self.0.get(&server.name).cloned().unwrap_or_default()
    }
}

/// What servers are started with.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The addresses of the servers that are not started.
    pub addresses: Addresses,
    /// The folder for what servers write.
    pub logs: PathBuf,
    /// The emulated link in front of each server.
    pub link: Option<TunnelSettings>,
    /// The largest number of clients at once.
    pub clients_max: u32,
    /// How long a server may take until it listens.
    pub start_timeout: Duration,
    /// Ends the wait for a server that does not listen.
    pub early_end: EarlyEnd,
    /// The server that runs, for a program that is about to exit.
    pub running: RunningGroup,
}

/// Why a server cannot be measured.
#[derive(Debug, Error)]
pub enum StartError {
    /// The program cannot be run.
    #[error("cannot run '{program}'")]
    Run {
        /// The program.
        program: String,
        /// The system's error.
        source: io::Error,
    },
    /// The file for what the server prints cannot be written.
    #[error("cannot write '{}'", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The process that ends the server with the lab cannot be started.
    #[error("cannot start the watchdog of the server")]
    Watchdog(#[source] io::Error),
    /// The program exited.
    #[error("exited before it listened on port {port}: {exit}")]
    Exited {
        /// The port on which it should have listened.
        port: u16,
        /// How it exited.
        exit: String,
    },
    /// The program does not listen.
    #[error("did not listen on port {port} within {}", humantime::format_duration(*.timeout))]
    Timeout {
        /// The port on which it should listen.
        port: u16,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// A person has ended the run.
    #[error("the run was ended before it listened")]
    Ended,
    /// All ports that were tried are in use.
    #[error("cannot find a free port")]
    NoPort,
    /// The emulated link cannot listen.
    #[error("cannot start the emulated link")]
    LinkListener(#[from] ListenError),
    /// The emulated link cannot start.
    #[error("cannot start the emulated link")]
    Link(#[from] TunnelError),
}

/// A server that listens. Dropping it ends it, with all of its processes.
#[derive(Debug)]
pub struct ServerUnderTest {
    /// Where the clients connect.
    pub target: Target,
    processes: Processes,
    // After the processes, so that they end first and the link has nothing left to relay.
    link: Option<Tunnel>,
}

#[derive(Debug)]
enum Processes {
    /// Not started by the lab.
    Unknown,
    Program(ServerProcess),
    SuperServer(SuperServer),
}

impl ServerUnderTest {
    /// Starts the server, waits until it listens, and puts the link in front of it.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start(plan: &ServerPlan, environment: &Environment) -> Result<Self, StartError> {
        let logs = Logs::of(plan, &environment.logs);
        let mut url = None;
        let (processes, addresses) = match &plan.kind {
            ServerKind::Address { .. } => (Processes::Unknown, environment.addresses.of(plan)),
            ServerKind::WebSocket { url: of_bridge } => {
                url = Some(of_bridge.clone());
                (Processes::Unknown, environment.addresses.of(plan))
            }
            ServerKind::Design { design, .. } if design == INETD => {
                let super_server = start_super_server(plan, &logs)?;
                let address = super_server.address;
                (Processes::SuperServer(super_server), vec![address])
            }
            ServerKind::Design { .. } => {
                let words = design_words(plan, environment.clients_max)?;
                let (program, port) = start_program(&words, &logs, environment)?;
                (Processes::Program(program), vec![(Ipv4Addr::LOCALHOST, port).into()])
            }
            ServerKind::Command { command } => {
                let words = shell_words::split(command).unwrap_or_default();
                let (program, port) = start_program(&words, &logs, environment)?;
                (
                    Processes::Program(program),
                    vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
                )
            }
        };
        let (link, addresses) = match environment.link {
            None => (None, addresses),
            Some(settings) => {
                let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG)?;
                let link = Tunnel::start(listeners, addresses, settings, Duration::ZERO, None)?;
                let address = (Ipv4Addr::LOCALHOST, link.port).into();
                (Some(link), vec![address])
            }
        };
        let target = match url {
            None => Target::Tcp(addresses),
            Some(url) => Target::WebSocket { addresses, url },
        };
        Ok(Self { target, processes, link })
    }

    /// Returns what its processes have used until now; `None` if they are not known, or have ended.
    pub(crate) fn usage(&self) -> Option<UsageSnapshot> {
        match &self.processes {
            Processes::Unknown => None,
            Processes::Program(program) if program.has_exited() => None,
            Processes::Program(program) => UsageSnapshot::take(&[program.id()]).ok(),
            Processes::SuperServer(super_server) => {
                let mut usage = UsageSnapshot::take(&super_server.processes()).ok()?;
                // It starts a program for each connection: most of them have ended, and were children of this process.
                let ended = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
                let switches = ended.voluntary_context_switches() + ended.involuntary_context_switches();
                let times = [ended.user_time(), ended.system_time()];
                let time = times.map(|time| Duration::from_micros(u64::try_from(time_us(time)).unwrap_or_default()));
                let own = super_server.processor_time();
                usage.add_ended(time.iter().sum::<Duration>() + own, u64::try_from(switches).unwrap_or_default());
                Some(usage)
            }
        }
    }

    /// Returns how much later than due the link in front of it has delivered bytes since the last call; `None` without a link.
    pub(crate) fn take_link_lateness(&self) -> Option<Distribution> {
        Some(self.link.as_ref()?.handle().take_lateness())
    }

    /// Returns how the server has ended; `None` while it runs, or if that is not known.
    pub fn ended(&mut self) -> Option<String> {
        match &mut self.processes {
            Processes::Program(program) if program.has_exited() => {
                Some(format!("ended during the cycle: {}", program.end()))
            }
            Processes::SuperServer(super_server) => super_server.failure(),
            _ => None,
        }
    }

    /// Returns the processor time that the server has used in the lab's own process: that of the super-server.
    pub(crate) fn used_in_lab(&self) -> Duration {
        match &self.processes {
            Processes::SuperServer(super_server) => super_server.processor_time(),
            Processes::Program(_) | Processes::Unknown => Duration::ZERO,
        }
    }
}

fn time_us(time: nix::sys::time::TimeVal) -> i64 {
    use nix::sys::time::TimeValLike as _;
    time.num_microseconds()
}

/// The files for what a server writes, in all of its cycles.
struct Logs {
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Logs {
    fn of(plan: &ServerPlan, folder: &Path) -> Self {
        let name = file_name(&plan.name);
        Self { stdout: folder.join(format!("{name}.stdout.log")), stderr: folder.join(format!("{name}.stderr.log")) }
    }
}

/// Returns the name of a server as that of a file, another one for each name: other characters than plain ones are percent-encoded.
fn file_name(server: &str) -> String {
    let mut name = String::new();
    for byte in server.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            name.push(byte.into());
        } else {
            name += &format!("%{byte:02X}");
        }
    }
    name
}

/// Returns the command that starts a design, with `{port}` for its port.
fn design_words(plan: &ServerPlan, clients_max: u32) -> Result<Vec<String>, StartError> {
    let program = this_program()?;
    let mut words = vec![program, SERVE.to_owned()];
    let ServerKind::Design { design, workers, threads, backlog, think } = &plan.kind else { return Ok(words) };
    let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    option("design", design.clone());
    option("grace", "0s".to_owned());
    option("think", format!("{}us", think.as_micros()));
    if design == INETD {
        return Ok(words);
    }
    option("max-connections", clients_max.saturating_mul(2).max(10_000).to_string());
    for (name, value) in [("workers", workers), ("threads", threads), ("backlog", backlog)] {
        if let Some(value) = value {
            option(name, value.to_string());
        }
    }
    words.extend(["127.0.0.1", "{port}"].map(ToOwned::to_owned));
    Ok(words)
}

fn this_program() -> Result<String, StartError> {
    let program = "launcelot-lab".to_owned();
    match env::current_exe() {
        Ok(path) => Ok(path.to_string_lossy().into_owned()),
        Err(source) => Err(StartError::Run { program, source }),
    }
}

fn start_super_server(plan: &ServerPlan, logs: &Logs) -> Result<SuperServer, StartError> {
    let words = design_words(plan, 0)?;
    let error = |source| StartError::Run { program: words[0].clone(), source };
    let log = open_log(&logs.stderr)?;
    let arguments = words.clone();
    let command = move || {
        let mut command = Command::new(&arguments[0]);
        command.args(&arguments[1..]).stderr(log.try_clone().map_or_else(|_| Stdio::null(), Stdio::from));
        // A terminal sends SIGINT to all processes of the lab's group, and the lab itself ends its servers.
        command.process_group(0);
        command
    };
    SuperServer::start(command).map_err(error)
}

/// Starts a program in a process group of its own, and waits until it listens on its port.
fn start_program(words: &[String], logs: &Logs, environment: &Environment) -> Result<(ServerProcess, u16), StartError> {
    let mut tries = START_TRIES;
    loop {
        tries -= 1;
        let port = free_port().ok_or(StartError::NoPort)?;
        match start_program_at(port, words, logs, environment) {
            Err(StartError::Exited { .. }) if tries > 0 => {}
            started => return Ok((started?, port)),
        }
    }
}

fn start_program_at(
    port: u16,
    words: &[String],
    logs: &Logs,
    environment: &Environment,
) -> Result<ServerProcess, StartError> {
    let error = |source| StartError::Run { program: words[0].clone(), source };
    let stdout = open_log(&logs.stdout)?.into();
    let stderr = open_log(&logs.stderr)?;
    let watchdog = Watchdog::start().map_err(StartError::Watchdog)?;
    let running = &environment.running;
    let mut program = server_command::spawn(words, port, stdout, stderr, watchdog, running).map_err(error)?;
    let began = Instant::now();
    loop {
        let listens = is_listening(port);
        if program.has_exited() {
            return Err(StartError::Exited { port, exit: program.end() });
        }
        if listens {
            return Ok(program);
        }
        if environment.early_end.is_requested() {
            return Err(StartError::Ended);
        }
        let timeout = environment.start_timeout;
        if began.elapsed() >= timeout {
            return Err(StartError::Timeout { port, timeout });
        }
        thread::sleep(POLL_INTERVAL);
    }
}

fn open_log(path: &Path) -> Result<File, StartError> {
    let error = |source| StartError::Log { path: path.to_owned(), source };
    OpenOptions::new().read(true).append(true).create(true).open(path).map_err(error)
}

/// Returns where the bridge at a URL listens.
fn url_host_and_port(url: &str) -> (String, u16) {
    let uri: http::Uri = url.parse().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    (host.to_owned(), uri.port_u16().unwrap_or(80))
}

/// Returns an error as the words of a result.
pub(super) fn describe(error: &StartError) -> String {
    match error {
        StartError::Exited { .. } | StartError::Timeout { .. } => one_line(error),
        _ => format!("did not start: {}", one_line(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_log_has_no_separators_and_is_that_of_one_server() {
        let names = ["a/b", "a b", "a-b", "a%20b", "ä"].map(file_name);
        assert_eq!(names, ["a%2Fb", "a%20b", "a-b", "a%2520b", "%C3%A4"]);
    }
}

//! One server program under measurement, from its start to its end.

use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::BenchError;
use super::options::INETD;
use crate::inetd::SuperServer;
use crate::load::processes;

/// The longest time in which a program may start to listen.
const STARTING: Duration = Duration::from_secs(10);

/// How long a program may take to stop when it has been told to, without grace for its clients.
const STOPPING: Duration = Duration::from_secs(5);

/// A server that listens. It ends when it is dropped, and all of its processes with it.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) address: SocketAddr,
    running: Running,
}

#[derive(Debug)]
enum Running {
    Program(Child),
    Inetd(SuperServer),
}

impl Subject {
    /// Starts the server with a design and room for so many connections.
    pub(super) fn start(program: &Path, design: &str, connections: usize) -> Result<Self, BenchError> {
        let command = command(program, design, connections);
        let cannot_start = |source| BenchError::Start { design: design.to_owned(), source };
        if design == INETD {
            let super_server = SuperServer::start(command).map_err(cannot_start)?;
            return Ok(Self { address: super_server.address, running: Running::Inetd(super_server) });
        }
        let child = command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot_start)?;
        // From here on it is ended with the subject, whatever it says.
        let mut subject = Self { address: (Ipv4Addr::LOCALHOST, 0).into(), running: Running::Program(child) };
        let said = subject.first_line().map_err(cannot_start)?;
        let port = port_in(&said).ok_or_else(|| BenchError::NotReady { design: design.to_owned(), said })?;
        subject.address.set_port(port);
        Ok(subject)
    }

    /// The processes that serve: of the program, or those that the super-server has started.
    pub(super) fn processes(&self) -> Result<Vec<u32>, BenchError> {
        let roots = match &self.running {
            Running::Program(child) => vec![child.id()],
            Running::Inetd(super_server) => super_server.processes(),
        };
        processes::with_descendants(&roots).map_err(BenchError::Processes)
    }

    fn first_line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if let Running::Program(child) = &mut self.running
            && let Some(output) = child.stdout.take()
        {
            if !is_readable_within(&output, STARTING)? {
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no output within {STARTING:?}")));
            }
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(line)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        if let Running::Program(child) = &mut self.running {
            end(child);
        }
    }
}

/// The port in the line with which a server says that it is ready.
fn port_in(line: &str) -> Option<u16> {
    line.strip_prefix("Ready and listening at ")?.trim_end().rsplit(' ').next()?.parse().ok()
}

fn command(program: &Path, design: &str, connections: usize) -> impl Fn() -> Command + Send + 'static {
    let (program, design) = (program.to_owned(), design.to_owned());
    move || {
        let mut command = Command::new(&program);
        command.args(["--grace", "0s", "--design", &design]);
        if design != INETD {
            command.args(["127.0.0.1", "0", "--max-connections", &connections.to_string()]);
        }
        command
    }
}

/// Ends a program with all its processes: it is asked to, so that it can end those that it has
/// started, and what is left is killed.
pub(super) fn end(child: &mut Child) {
    let pid = Pid::from_child(child);
    let all = processes::with_descendants(&[child.id()]).unwrap_or_default();
    let _ = kill_process(pid, Signal::TERM);
    if !ends_within(pid, STOPPING) {
        tracing::warn!("process {} does not stop when it is told to, and is killed", child.id());
        for process in all.iter().filter_map(|process| Pid::from_raw(i32::try_from(*process).ok()?)) {
            // It may have ended by now.
            let _ = kill_process(process, Signal::KILL);
        }
    }
    let _ = child.wait();
}

fn ends_within(pid: Pid, time: Duration) -> bool {
    let Ok(ended) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_readable_within(&ended, time).unwrap_or(false)
}

fn is_readable_within(descriptor: &impl AsFd, time: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(time).ok();
    Ok(rustix::event::poll(&mut [PollFd::new(descriptor, PollFlags::IN)], timeout.as_ref())? > 0)
}

//! A server process that the lab has started.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal as SignalName;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::watchdog::Watchdog;

/// The pause between two checks of whether a server listens or has exited.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How long a server may take to exit after SIGTERM before it is killed, and how long the lab waits for the exit of
/// a server that accepts no more connections.
pub(crate) const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// How many bytes from the end of a server's standard error are read to find its last line.
const ERROR_TAIL_MAX_BYTES: u64 = 4096;

/// The process group of the server that runs, if there is one. Clones share it, for a program that is about to exit.
#[derive(Debug, Clone, Default)]
pub struct RunningGroup(Arc<Mutex<Option<Pid>>>);

impl RunningGroup {
    /// Kills the process group, if a server is running.
    pub fn kill(&self) {
        if let Some(group) = *self.lock() {
            // This fails only if the group has no processes left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn set(&self, group: Pid) {
        *self.lock() = Some(group);
    }

    fn take(&self) -> Option<Pid> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server. Dropping it ends its whole process group.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    id: Pid,
    stderr: File,
    /// The length of `stderr` before the process began: servers before it have written the rest.
    stderr_begin: u64,
    running: RunningGroup,
    /// Leads the process group, which so exists as long as this value lives.
    watchdog: Watchdog,
}

impl ServerProcess {
    /// Takes over a process in the process group of a watchdog. Its standard error is the file `stderr` from `stderr_begin` on.
    pub(crate) fn new(
        child: Child,
        stderr: File,
        stderr_begin: u64,
        watchdog: Watchdog,
        running: RunningGroup,
    ) -> Self {
        let id = Pid::from_child(&child);
        running.set(watchdog.group());
        Self { child, id, stderr, stderr_begin, running, watchdog }
    }

    /// Returns its process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a short time for the server to exit by itself. Returns its exit code or signal, and its last line on
    /// standard error.
    pub(crate) fn exit(&mut self) -> Option<String> {
        self.exits_within(EXIT_TIMEOUT).then(|| self.end())
    }

    /// Returns true if the process has exited. The process is not reaped.
    pub(crate) fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(self.id), options), Ok(Some(_)) | Err(_))
    }

    fn exits_within(&self, timeout: Duration) -> bool {
        let began = Instant::now();
        loop {
            if self.has_exited() {
                return true;
            }
            if began.elapsed() >= timeout {
                return false;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Ends the process group, and returns how the process exited.
    pub(crate) fn end(&mut self) -> String {
        self.end_group();
        match self.child.wait() {
            Ok(status) => describe_exit(status, last_line(&mut self.stderr, self.stderr_begin)),
            Err(error) => format!("its exit status is unknown: {error}"),
        }
    }

    fn end_group(&mut self) {
        if self.running.take().is_some() {
            // A signal fails only if the group has no processes left.
            let group = self.watchdog.group();
            let _ = kill_process_group(group, Signal::TERM);
            self.exits_within(EXIT_TIMEOUT);
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.end_group();
        let _ = self.child.wait();
    }
}

/// Returns how a process exited, and the last line that it wrote to standard error.
fn describe_exit(status: ExitStatus, last_line: io::Result<Option<String>>) -> String {
    let exit = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match SignalName::try_from(signal) {
            Ok(name) => format!("killed by {name}"),
            Err(_) => format!("killed by signal {signal}"),
        },
        (None, None) => "exited".to_owned(),
    };
    match last_line {
        Ok(Some(line)) => format!("{exit}: {line}"),
        _ => exit,
    }
}

/// Returns the last line of a file that is not empty, of those after `begin`.
fn last_line(stderr: &mut File, begin: u64) -> io::Result<Option<String>> {
    let length = stderr.seek(SeekFrom::End(0))?;
    stderr.seek(SeekFrom::Start(length.saturating_sub(ERROR_TAIL_MAX_BYTES).max(begin)))?;
    let mut tail = Vec::new();
    stderr.take(ERROR_TAIL_MAX_BYTES).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().rev().map(str::trim).find(|line| !line.is_empty());
    // Control characters could move the terminal's cursor.
    Ok(line.map(|line| line.chars().filter(|character| !character.is_control()).collect()))
}

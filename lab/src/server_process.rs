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
    group: Pid,
    stderr: File,
    running: RunningGroup,
}

impl ServerProcess {
    /// Takes over a process that leads a process group of its own. Its standard error is the file `stderr`.
    pub(crate) fn new(child: Child, stderr: File, running: RunningGroup) -> Self {
        let group = Pid::from_child(&child);
        Self::in_group(child, group, stderr, running)
    }

    /// Takes over a process in a process group that ends with it. Its standard error is the file `stderr`.
    pub(crate) fn in_group(child: Child, group: Pid, stderr: File, running: RunningGroup) -> Self {
        let id = Pid::from_child(&child);
        running.set(group);
        Self { child, id, group, stderr, running }
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

    /// Returns true if the process has exited. The process is not reaped, so that no other process group can get its
    /// ID.
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
            Ok(status) => describe_exit(status, &mut self.stderr),
            Err(error) => format!("its exit status is unknown: {error}"),
        }
    }

    fn end_group(&mut self) {
        if self.running.take().is_some() {
            // A signal fails only if the group has no processes left.
            let _ = kill_process_group(self.group, Signal::TERM);
            self.exits_within(EXIT_TIMEOUT);
            let _ = kill_process_group(self.group, Signal::KILL);
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
fn describe_exit(status: ExitStatus, stderr: &mut File) -> String {
    let exit = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match SignalName::try_from(signal) {
            Ok(name) => format!("killed by {name}"),
            Err(_) => format!("killed by signal {signal}"),
        },
        (None, None) => "exited".to_owned(),
    };
    match last_line(stderr) {
        Ok(Some(line)) => format!("{exit}: {line}"),
        _ => exit,
    }
}

fn last_line(stderr: &mut File) -> io::Result<Option<String>> {
    let length = stderr.seek(SeekFrom::End(0))?;
    stderr.seek(SeekFrom::Start(length.saturating_sub(ERROR_TAIL_MAX_BYTES)))?;
    let mut tail = Vec::new();
    stderr.take(ERROR_TAIL_MAX_BYTES).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let line = tail.lines().rev().map(str::trim).find(|line| !line.is_empty());
    // Control characters could move the terminal's cursor.
    Ok(line.map(|line| line.chars().filter(|character| !character.is_control()).collect()))
}

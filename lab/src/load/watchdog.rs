//! The watchdog of a server: a process that ends the server's process group when the lab ends, also by SIGKILL.
//!
//! The kernel's own means, `PR_SET_PDEATHSIG` of prctl(2), reaches a child, and not what the child has started in turn: of `sh -c`
//! it would end the shell, and leave the server. So the watchdog leads the process group, and reads from a pipe whose other end only
//! the lab has. The pipe ends with the lab, whatever ended it.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::server_process::EXIT_TIMEOUT;

/// The hidden command of `launcelot-lab` that is a watchdog.
pub const WATCHDOG: &str = "watchdog";

/// A running watchdog. Dropping it ends it; the other processes of its group must have ended before.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// Its standard input is the pipe, which stays open as long as this value lives.
    child: Child,
}

impl Watchdog {
    /// Starts a watchdog, which leads a new process group, and waits until it watches.
    pub(super) fn start() -> io::Result<Self> {
        let child = Command::new(env::current_exe()?)
            .arg(WATCHDOG)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let mut watchdog = Self { child };
        if let Some(ready) = &mut watchdog.child.stdout {
            ready.read_exact(&mut [0])?;
        }
        Ok(watchdog)
    }

    /// Returns the process group. It exists as long as this value lives.
    pub(super) fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of standard input, and ends the process group, this process included.
///
/// # Errors
///
/// If the signal handlers cannot be installed, or the start cannot be reported.
pub fn run() -> io::Result<()> {
    // The lab ends the group with SIGTERM first. A server that ignores it must not lose its watchdog.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    let mut output = io::stdout();
    output.write_all(b"\n")?;
    output.flush()?;
    // The lab writes nothing, so this ends with the lab. An error means that nothing can be watched any more.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    let group = getpgrp();
    let _ = kill_process_group(group, Signal::TERM);
    thread::sleep(EXIT_TIMEOUT);
    let _ = kill_process_group(group, Signal::KILL);
    Ok(())
}

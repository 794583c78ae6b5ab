//! The signals that stop a program.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// The signals that ask a program to stop, caught from [`catch`](Self::catch) on. A signal that arrives before
/// [`next`](Self::next) is called is not lost, and no later signal kills the process.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Starts to catch SIGINT (Ctrl-C) and SIGTERM. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it refuses the signal handler.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next SIGINT or SIGTERM.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

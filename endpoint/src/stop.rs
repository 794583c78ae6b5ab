//! The signals that stop a program.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// The signals that ask a program to stop. They are caught from the moment this is made, so one
/// that comes before it is waited for is not lost, and a second one does not kill.
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
    /// If the system refuses the handler.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next of these signals.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

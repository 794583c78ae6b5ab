//! The signals that the program obeys.

use std::io;

use launcelot_endpoint::stop::StopSignals;
use tokio::signal::unix::{SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT or SIGTERM: stop.
    Stop,
    /// SIGHUP: read the options again.
    Reload,
    /// SIGUSR1: log what the bridge is doing.
    Report,
}

/// The signals, caught from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    stop: StopSignals,
    reload: tokio::signal::unix::Signal,
    report: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        let stop = StopSignals::catch()?;
        Ok(Self { stop, reload: signal(SignalKind::hangup())?, report: signal(SignalKind::user_defined1())? })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            () = self.stop.next() => Signal::Stop,
            _ = self.reload.recv() => Signal::Reload,
            _ = self.report.recv() => Signal::Report,
        }
    }
}

//! The signals that end a run early, and one that must not end it.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use launcelot_endpoint::stop::StopSignals;

use super::cycle::EarlyEnd;
use crate::server_process::RunningGroup;

/// The exit code that a shell reports for a program that Ctrl-C has ended.
const INTERRUPTED_EXIT_CODE: u8 = 130;

/// What signals do to the runs of a program.
#[derive(Debug, Clone, Default)]
pub struct RunSignals {
    /// Requested by the first signal.
    pub early_end: EarlyEnd,
    /// The server that the second signal kills.
    pub running: RunningGroup,
}

impl RunSignals {
    /// Handles signals from now on: the first SIGINT or SIGTERM ends the run early, the second one kills the server that runs and ends
    /// the program. A file that reaches the limit of its size (SIGXFSZ) becomes an error instead of the end of the program.
    ///
    /// # Errors
    ///
    /// If a handler cannot be installed.
    pub fn handle() -> io::Result<Self> {
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let mut stop_signals = {
            let _context = runtime.enter();
            StopSignals::catch()?
        };
        let signals = Self::default();
        let Self { early_end, running } = signals.clone();
        thread::spawn(move || {
            runtime.block_on(stop_signals.next());
            early_end.request();
            runtime.block_on(stop_signals.next());
            running.kill();
            std::process::exit(INTERRUPTED_EXIT_CODE.into());
        });
        Ok(signals)
    }

    /// Returns the exit code of a run that a signal has ended early.
    pub fn interrupted() -> ExitCode {
        ExitCode::from(INTERRUPTED_EXIT_CODE)
    }
}

//! The signals that end a run early, and one that must not end it.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::cycle::EarlyEnd;
use super::terminal::Messages;
use crate::server_process::RunningGroup;
use crate::stop_signals::{INTERRUPTED_EXIT_CODE, on_stop_signal};

/// What signals do to the runs of a program.
#[derive(Debug, Clone, Default)]
pub struct RunSignals {
    /// Requested by the first signal.
    pub early_end: EarlyEnd,
    /// The server that the second signal kills.
    pub running: RunningGroup,
    messages: Arc<Mutex<Messages>>,
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
        let signals = Self::default();
        let Self { early_end, running, messages } = signals.clone();
        let mut is_first = true;
        on_stop_signal(move || {
            if !is_first {
                running.kill();
                std::process::exit(INTERRUPTED_EXIT_CODE.into());
            }
            is_first = false;
            early_end.request();
            let messages = messages.lock().unwrap_or_else(PoisonError::into_inner).clone();
            messages.say("Ending the cycle and keeping what was measured. Ctrl-C again ends the program at once.");
        })?;
        Ok(signals)
    }

    /// Chooses where the first signal is answered with a message: above the moving lines of a run.
    pub(super) fn say_with(&self, messages: Messages) {
        *self.messages.lock().unwrap_or_else(PoisonError::into_inner) = messages;
    }

    /// Returns the exit code of a run that a signal has ended early.
    pub fn interrupted() -> ExitCode {
        ExitCode::from(INTERRUPTED_EXIT_CODE)
    }
}

//! State that the tunnel's thread shares with its handles: settings, measured delays, and the request to stop.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use launcelot_measure::Distribution;
use rustix::event::{EventfdFlags, eventfd};

use super::TunnelSettings;
use super::added_delay::DelaySamples;
use super::side::Side;

/// The state shared by a tunnel, its handles and its thread.
#[derive(Debug)]
pub(super) struct SharedState {
    current: Mutex<Current>,
    is_stopping: AtomicBool,
    /// An eventfd that is readable when settings have changed, the tunnel should stop, or addresses have been resolved.
    wake: OwnedFd,
}

/// The settings in force, and the delays measured since they were last changed.
#[derive(Debug)]
struct Current {
    settings: TunnelSettings,
    revision: u64,
    delays: DelaySamples,
    /// How much later than due bytes were written, since this was last taken.
    lateness: Distribution,
}

impl SharedState {
    pub(super) fn new(settings: TunnelSettings) -> io::Result<Arc<Self>> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let current = Current { settings, revision: 1, delays: DelaySamples::new(), lateness: Distribution::default() };
        let current = Mutex::new(current);
        Ok(Arc::new(Self { current, is_stopping: AtomicBool::new(false), wake }))
    }

    /// Returns the settings in force and their revision.
    pub(super) fn settings(&self) -> (TunnelSettings, u64) {
        let current = self.current();
        (current.settings, current.revision)
    }

    /// Replaces the settings by what `change` returns for the present ones. Equal settings are not a change, and keep
    /// their revision.
    pub(super) fn update(&self, change: impl FnOnce(TunnelSettings) -> TunnelSettings) -> TunnelSettings {
        let mut current = self.current();
        let settings = change(current.settings);
        if settings != current.settings {
            current.settings = settings;
            current.revision += 1;
            current.delays = DelaySamples::new();
            drop(current);
            self.wake();
        }
        settings
    }

    /// Calls `read` with the settings, their revision, and the delays measured since they were last changed.
    pub(super) fn read<T>(&self, read: impl FnOnce(&TunnelSettings, u64, &DelaySamples) -> T) -> T {
        let current = self.current();
        read(&current.settings, current.revision, &current.delays)
    }

    /// Records the delay of bytes that the side `sender` of a connection has sent.
    pub(super) fn record_delay(&self, connection: u64, sender: Side, read_at: Instant, written_at: Instant) {
        self.current().delays.record(connection, sender, read_at, written_at);
    }

    /// Records how much later than due bytes were written.
    pub(super) fn record_lateness(&self, late: Duration) {
        self.current().lateness.record(late);
    }

    /// Returns how much later than due bytes were written, since the last call.
    pub(super) fn take_lateness(&self) -> Distribution {
        std::mem::take(&mut self.current().lateness)
    }

    /// Tells the thread to stop.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Returns a descriptor that is readable from a [`wake`](Self::wake) until [`clear`](Self::clear).
    pub(super) fn wake_descriptor(&self) -> &OwnedFd {
        &self.wake
    }

    pub(super) fn wake(&self) {
        // This fails only if the counter is full, and then the descriptor is readable already.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    pub(super) fn clear(&self) {
        // This fails only if there is nothing to clear.
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

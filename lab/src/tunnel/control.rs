//! State shared by the tunnel's thread and its handles: settings, figures, and the request to stop.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::event::{EventfdFlags, eventfd};

use super::Wire;
use super::gauge::Gauge;
use super::side::Side;

/// Shared by the tunnel, its handles and its thread.
#[derive(Debug)]
pub(super) struct Control {
    settings: Mutex<Settings>,
    is_stopping: AtomicBool,
    /// Becomes readable when the thread should look here again.
    wake: OwnedFd,
}

#[derive(Debug)]
struct Settings {
    wire: Wire,
    revision: u64,
    gauge: Gauge,
}

impl Control {
    pub(super) fn new(wire: Wire) -> io::Result<Arc<Self>> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let settings = Mutex::new(Settings { wire, revision: 1, gauge: Gauge::new() });
        Ok(Arc::new(Self { settings, is_stopping: AtomicBool::new(false), wake }))
    }

    /// The settings in force, and their revision.
    pub(super) fn wire(&self) -> (Wire, u64) {
        let settings = self.settings();
        (settings.wire, settings.revision)
    }

    /// Changes the settings by `change`. Equal settings are no change, and keep their revision.
    pub(super) fn update(&self, change: impl FnOnce(Wire) -> Wire) -> Wire {
        let mut settings = self.settings();
        let wire = change(settings.wire);
        if wire != settings.wire {
            *settings = Settings { wire, revision: settings.revision + 1, gauge: Gauge::new() };
            drop(settings);
            self.wake();
        }
        wire
    }

    /// Runs `read` on the settings and on what was measured under them.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Wire, u64, &Gauge) -> T) -> T {
        let settings = self.settings();
        read(&settings.wire, settings.revision, &settings.gauge)
    }

    /// Records how long something that a side of a connection sent was held.
    pub(super) fn consumed(&self, connection: u64, sender: Side, read_at: Instant, handed_on: Instant) {
        self.settings().gauge.consumed(connection, sender, read_at, handed_on);
    }

    /// Tells the thread to stop.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Readable after each [`wake`](Self::wake), until [`clear`](Self::clear).
    pub(super) fn wake_descriptor(&self) -> &OwnedFd {
        &self.wake
    }

    pub(super) fn wake(&self) {
        // It fails only if the counter is full, and then the thread is woken all the same.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    pub(super) fn clear(&self) {
        // It fails only if another wake has been cleared before.
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

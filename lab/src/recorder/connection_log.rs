//! The events of one connection at one hop.
//!
//! Each has a log of its own, so that recording waits for no other connection and no other hop. The lock is contended
//! only while a trace is read, after the questions have been answered.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use launcelot_measure::{ConnectPoint, TracePoint};

use super::thinking::{Thinking, ThinkingSum};

/// How many events of a connection are kept.
pub(super) const EVENTS_MAX: usize = 2048;

/// How long a reader waits for pending events, which the hop has announced. They come as soon as the hop's thread is
/// scheduled.
const ANNOUNCED_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes passed a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) at: Instant,
    pub(super) point: TracePoint,
    pub(super) bytes: u64,
}

/// The connection passed a point while it was being opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectEvent {
    pub(super) at: Instant,
    pub(super) point: ConnectPoint,
}

/// The events of one connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionLog {
    log: Mutex<Log>,
    is_complete: Condvar,
}

#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    /// At most one event for each point that the hop reports.
    connecting: Vec<ConnectEvent>,
    /// Whether there were more events than are kept.
    is_cut: bool,
    /// Whether no request will ask for the events.
    is_discarded: bool,
    /// Whether only the sum of the server's thinking is kept.
    is_summed_up: bool,
    /// Whether events are announced: the hop writes, and records after that.
    is_announced: bool,
    /// How many readers wait for announced events.
    waiting_readers: usize,
    thinking: ThinkingSum,
}

impl ConnectionLog {
    /// Records an event, and returns whether more are wanted.
    pub(super) fn record(&self, event: Event) -> bool {
        let mut log = self.lock();
        if log.is_discarded {
            return false;
        }
        log.thinking.record(event.at, event.point);
        if log.is_summed_up {
            return true;
        }
        if log.events.len() == EVENTS_MAX {
            log.is_cut = true;
            return false;
        }
        log.events.push(event);
        true
    }

    /// Has readers wait until the events are [complete](Self::records_complete).
    pub(super) fn records_follow(&self) {
        self.lock().is_announced = true;
    }

    /// Records that there are no announced events any more.
    pub(super) fn records_complete(&self) {
        let mut log = self.lock();
        log.is_announced = false;
        // Notifying takes a system call, whether anything waits or not.
        if log.waiting_readers > 0 {
            self.is_complete.notify_all();
        }
    }

    /// Records that the connection passed a point while it was being opened.
    pub(super) fn record_connecting(&self, event: ConnectEvent) {
        let mut log = self.lock();
        if !log.is_discarded {
            log.connecting.push(event);
        }
    }

    /// Discards the events, also those that follow.
    pub(super) fn discard(&self) {
        *self.lock() = Log { is_discarded: true, ..Log::default() };
    }

    /// Discards the events, and from now on keeps only the sum of the server's thinking.
    pub(super) fn sum_up(&self) {
        let mut log = self.lock();
        log.events = Vec::new();
        log.is_summed_up = true;
    }

    /// Returns how long the server has thought. Waits for announced events.
    pub(super) fn thinking(&self) -> Thinking {
        self.complete().thinking.so_far()
    }

    /// Returns how long the server has thought, and discards the events, also those that follow. Returns `None` if announced
    /// events are missing.
    pub(super) fn take_thinking(&self) -> Option<Thinking> {
        let mut log = self.lock();
        if log.is_announced {
            return None;
        }
        let thinking = log.thinking.so_far();
        *log = Log { is_discarded: true, ..Log::default() };
        Some(thinking)
    }

    /// Appends the events to those of other connections. Returns whether there were more than are kept. Waits for announced
    /// events.
    pub(super) fn append_to(&self, events: &mut Vec<Event>, connecting: &mut Vec<ConnectEvent>) -> bool {
        let log = self.complete();
        events.extend_from_slice(&log.events);
        connecting.extend_from_slice(&log.connecting);
        log.is_cut
    }

    #[cfg(test)]
    pub(super) fn has_waiting_readers(&self) -> bool {
        self.lock().waiting_readers > 0
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the log once nothing is announced.
    fn complete(&self) -> MutexGuard<'_, Log> {
        let mut log = self.lock();
        log.waiting_readers += 1;
        let waited = self.is_complete.wait_timeout_while(log, ANNOUNCED_TIMEOUT, |log| log.is_announced);
        let (mut log, _) = waited.unwrap_or_else(PoisonError::into_inner);
        log.waiting_readers -= 1;
        log
    }
}

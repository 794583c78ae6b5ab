//! What one hop saw of one connection, in memory of its own.
//!
//! The thread that carries a connection writes here and nowhere else, so recording waits for no other connection and
//! no other hop. The lock is contended only while a trace is read, after the questions have been answered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use launcelot_measure::{ConnectPoint, Point};

use super::thinking::{Thinking, ThinkingSum};

/// How many events are kept of a connection.
pub(super) const EVENTS_MAX: usize = 2048;

/// Bytes at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) at: Instant,
    pub(super) point: Point,
    pub(super) bytes: u64,
}

/// That the connection passed a point while it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectEvent {
    pub(super) at: Instant,
    pub(super) point: ConnectPoint,
}

/// The events of one connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    /// One for each point that the hop reports, so there are few.
    connecting: Vec<ConnectEvent>,
    /// There were more events than are kept.
    is_cut: bool,
    /// The events will not be asked for.
    is_discarded: bool,
    /// Only how long the server thought will be asked for.
    is_summed_up: bool,
    thinking: ThinkingSum,
}

impl ConnectionLog {
    /// Records an event, and returns whether more are wanted.
    pub(super) fn record(&self, event: Event) -> bool {
        let mut log = self.lock();
        if log.is_discarded {
            return false;
        }
        log.thinking.record(event);
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

    /// Records that the connection passed a point while it was made.
    pub(super) fn record_connecting(&self, event: ConnectEvent) {
        let mut log = self.lock();
        if !log.is_discarded {
            log.connecting.push(event);
        }
    }

    /// Forgets the events, and wants no more of them.
    pub(super) fn discard(&self) {
        *self.lock() = Log { is_discarded: true, ..Log::default() };
    }

    /// Forgets the events, and from now on only sums up how long the server thinks.
    pub(super) fn sum_up(&self) {
        let mut log = self.lock();
        log.events = Vec::new();
        log.is_summed_up = true;
    }

    /// Returns how long the server has thought.
    pub(super) fn thinking(&self) -> Thinking {
        self.lock().thinking.so_far()
    }

    /// Appends the events to those of other connections, and returns whether there were more than are kept.
    pub(super) fn append_to(&self, events: &mut Vec<Event>, connecting: &mut Vec<ConnectEvent>) -> bool {
        let log = self.lock();
        events.extend_from_slice(&log.events);
        connecting.extend_from_slice(&log.connecting);
        log.is_cut
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The events of one connection at one hop.
//!
//! Every hop has a log of its own for each of its connections, so recording waits for no other connection and no other
//! hop. A log's lock is contended only while a trace is read, after the questions have been answered.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use launcelot_measure::{ConnectPoint, TracePoint};

use super::thinking::{Thinking, ThinkingSum};

/// How many events are kept of a connection at one hop. Later events are dropped.
pub(super) const EVENTS_MAX: usize = 2048;

/// How long a reader waits for events that the hop has announced and not recorded yet. The hop records them as soon as
/// its thread is scheduled.
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
    /// At most one event for each point of connecting that the hop reports.
    connecting: Vec<ConnectEvent>,
    /// True if events were dropped, because [`EVENTS_MAX`] were kept already.
    is_cut: bool,
    /// True if all events are dropped, because no request can return them.
    is_discarded: bool,
    /// True if events are added to `thinking` and then dropped.
    is_summed_up: bool,
    /// True between [`records_follow`](ConnectionLog::records_follow) and
    /// [`records_complete`](ConnectionLog::records_complete): the hop is writing bytes whose events it records only
    /// after the write.
    is_announced: bool,
    /// How many threads wait for the announced events, to read the log.
    waiting_readers: usize,
    thinking: ThinkingSum,
}

impl ConnectionLog {
    /// Records an event. Returns false if the hop should record no more events of this connection.
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

    /// Announces events: readers wait until [`records_complete`](Self::records_complete).
    pub(super) fn records_follow(&self) {
        self.lock().is_announced = true;
    }

    /// Ends the announcement: all announced events have been recorded.
    pub(super) fn records_complete(&self) {
        let mut log = self.lock();
        log.is_announced = false;
        // Notifying takes a system call, even if no thread waits.
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

    /// Discards the recorded events, and drops all later ones.
    pub(super) fn discard(&self) {
        *self.lock() = Log { is_discarded: true, ..Log::default() };
    }

    /// Discards the recorded events. From now on, only the sum of the server's thinking is kept.
    pub(super) fn sum_up(&self) {
        let mut log = self.lock();
        log.events = Vec::new();
        log.is_summed_up = true;
    }

    /// Returns the sum of the server's thinking on this connection so far. Waits for announced events.
    pub(super) fn thinking(&self) -> Thinking {
        self.complete().thinking.so_far()
    }

    /// Returns the sum of the server's thinking on this connection, and drops all later events. Returns `None`, and
    /// changes nothing, while announced events have not been recorded yet.
    pub(super) fn take_thinking(&self) -> Option<Thinking> {
        let mut log = self.lock();
        if log.is_announced {
            return None;
        }
        let thinking = log.thinking.so_far();
        *log = Log { is_discarded: true, ..Log::default() };
        Some(thinking)
    }

    /// Appends the events to `events` and `connecting`. Returns true if events of this connection were dropped. Waits
    /// for announced events.
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

    /// Waits until all announced events have been recorded, for at most [`ANNOUNCED_TIMEOUT`], and returns the locked
    /// log.
    fn complete(&self) -> MutexGuard<'_, Log> {
        let mut log = self.lock();
        log.waiting_readers += 1;
        let waited = self.is_complete.wait_timeout_while(log, ANNOUNCED_TIMEOUT, |log| log.is_announced);
        let (mut log, _) = waited.unwrap_or_else(PoisonError::into_inner);
        log.waiting_readers -= 1;
        log
    }
}

//! Observers of what passes through a program.
//!
//! Server, bridge and tunnel report their connections to an [`Observer`], if there is one. Without one, no clock is read
//! for it and nothing is called. A program does not know who observes it, or why.
//!
//! Time spent in an observer is not measured: the clock is read just after bytes were read, or just before they are
//! written, and what the program does between two readings is not interrupted by a report. A server reports a question
//! together with its answer, before it writes the answer.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Observes the connections of one program.
pub trait Observer: Debug + Send + Sync {
    /// Reports a new connection. The returned watcher observes it and is dropped at its end.
    fn connection(&self, connection: &Connection<'_>) -> Option<Box<dyn Watcher>>;
}

/// A new TCP connection: one that the program has accepted, or, if it came with a request by HTTP, the one that it has made
/// to carry out the request.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'a> {
    /// The address of the end that has connected.
    pub from: SocketAddr,
    /// The address of the end that has accepted.
    pub to: SocketAddr,
    /// The query of the request's URL.
    pub query: Option<&'a str>,
    /// What has happened so far.
    pub steps: &'a [(Instant, ConnectStep)],
}

/// A step on the way to a connection that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectStep {
    /// `accept()` has returned a connection.
    Accepted,
    /// A request by HTTP has been read.
    RequestIn,
    /// The name of the server is looked up next, and then connected to.
    ConnectBegun,
    /// The connection to the server can be used.
    ConnectDone,
    /// The answer to the request is handed to the system next.
    ResponseOut,
}

/// Where in a program bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// They have been read from the client.
    FromClient,
    /// They are handed to the system for the server.
    ToServer,
    /// They have been read from the server.
    FromServer,
    /// They are known, and will be an answer to the client.
    AnswerReady,
    /// They are handed to the system for the client.
    ToClient,
}

/// Observes one connection. The thread that carries it makes the calls, so a watcher should write into memory of its own.
pub trait Watcher: Debug + Send {
    /// Records that `bytes` were at `point`. The clock was read just then; the call itself may come later. Returns whether
    /// there should be more calls.
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool;

    /// Records a step that was taken after the connection was reported.
    fn step(&mut self, _at: Instant, _step: ConnectStep) {}

    /// Records the connection `from` this program `to` the server, over which it forwards this one.
    fn forwarded(&mut self, _from: SocketAddr, _to: SocketAddr) {}

    /// Records that the program's settings, from now on, are those of this revision.
    fn settings_changed(&mut self, _revision: u64) {}

    /// Records that an emulated handshake is over: nothing was read from the client until `held` after the accept.
    fn handshake_done(&mut self, _held: Duration) {}
}

/// The watcher of a connection, if there is one and it wants more.
#[derive(Debug, Default)]
pub struct Watched(Option<Box<dyn Watcher>>);

impl Watched {
    /// Reports to `watcher`.
    pub fn by(watcher: Option<Box<dyn Watcher>>) -> Self {
        Self(watcher)
    }

    /// Whether there is a watcher, so that the clock must be read.
    pub fn is_observed(&self) -> bool {
        self.0.is_some()
    }

    /// Records bytes that have just been read or are written next. The clock is read only if there is a watcher.
    pub fn record(&mut self, point: Point, bytes: usize) {
        if self.is_observed() {
            self.record_at(Instant::now(), point, bytes);
        }
    }

    /// Records bytes that were at `point` when the clock was read.
    pub fn record_at(&mut self, at: Instant, point: Point, bytes: usize) {
        if let Some(watcher) = &mut self.0
            && !watcher.record(at, point, bytes)
        {
            self.0 = None;
        }
    }

    /// The watcher, for what is not recorded with bytes.
    pub fn watcher(&mut self) -> Option<&mut dyn Watcher> {
        match &mut self.0 {
            Some(watcher) => Some(watcher.as_mut()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Wants a number of calls and counts them.
    #[derive(Debug)]
    struct Counting {
        wanted: usize,
        calls: Arc<AtomicUsize>,
    }

    impl Watcher for Counting {
        fn record(&mut self, _at: Instant, _point: Point, _bytes: usize) -> bool {
            self.calls.fetch_add(1, Ordering::Relaxed) + 1 < self.wanted
        }
    }

    #[test]
    fn a_watcher_gets_no_call_after_the_last_that_it_wanted() {
        let calls = Arc::default();
        let mut watched = Watched::by(Some(Box::new(Counting { wanted: 2, calls: Arc::clone(&calls) })));
        for _ in 0..5 {
            watched.record(Point::FromClient, 1);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        assert!(!watched.is_observed());
    }
}

//! Observers of what passes through a program.
//!
//! Server, bridge and tunnel report their connections to an [`Observer`], if there is one. Without one, no clock is read
//! for it and nothing is called. A program does not know who observes it, or why.
//!
//! Time spent in an observer is not measured, and bytes do not wait for it: the clock is read just after bytes were read
//! and just before they are written, and all that is reported after the write. What remains on the path of a question is
//! the announcement of the write. Reports delay only what the same thread does next.
//!
//! So the next program may have bytes before they are reported here. An observer that answers questions about what it
//! was told waits for what is announced: see [`ConnectionObserver::records_follow`].

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Observes the connections of one program.
pub trait Observer: Debug + Send + Sync {
    /// Reports a new connection. The returned observer observes it and is dropped at its end.
    fn connection(&self, connection: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>>;
}

/// A new TCP connection: one that the program has accepted, or, if it came with a request by HTTP, the one that it has made
/// to carry out the request.
#[derive(Debug, Clone, Copy)]
pub struct NewConnection<'a> {
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

/// How many records of a connection wait for a report at most.
const UNREPORTED_MAX: usize = 32;

/// Observes one connection. The thread that carries it makes the calls, so an observer should write into memory of its own.
pub trait ConnectionObserver: Debug + Send {
    /// Records that `bytes` were at `point`. The clock was read just then; the call itself may come later. Returns whether
    /// there should be more calls.
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool;

    /// Announces that bytes are handed to the system next, and recorded after that. What has been recorded is complete only
    /// after [`records_complete`](Self::records_complete). A reader that asks in between, because its client has the bytes
    /// already, should wait. In between, the thread writes without blocking, and makes no calls but to record.
    fn records_follow(&mut self) {}

    /// Records that everything announced has been recorded.
    fn records_complete(&mut self) {}

    /// Records a step that was taken after the connection was reported.
    fn step(&mut self, _at: Instant, _step: ConnectStep) {}

    /// Records the connection `from` this program `to` the server, over which it forwards this one.
    fn forwarded(&mut self, _from: SocketAddr, _to: SocketAddr) {}

    /// Records that the program's settings, from now on, are those of this revision.
    fn settings_changed(&mut self, _revision: u64) {}

    /// Records that an emulated handshake is over: nothing was read from the client until `held` after the accept.
    fn handshake_done(&mut self, _held: Duration) {}
}

/// The observer of a connection, if there is one and it wants more, and the records that it has not got yet.
#[derive(Debug, Default)]
pub struct Observed {
    observer: Option<Box<dyn ConnectionObserver>>,
    unreported: Vec<Record>,
    is_announced: bool,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    at: Instant,
    point: Point,
    bytes: usize,
}

impl Observed {
    /// Reports to `observer`.
    pub fn by(observer: Option<Box<dyn ConnectionObserver>>) -> Self {
        Self { observer, unreported: Vec::new(), is_announced: false }
    }

    /// Records bytes that have just been read. The clock is read only if there is an observer, which gets the record with
    /// the next [`report`](Self::report).
    pub fn record(&mut self, point: Point, bytes: usize) {
        if self.observer.is_some() {
            self.record_at(Instant::now(), point, bytes);
        }
    }

    /// Records bytes that were at `point` when the clock was read.
    pub fn record_at(&mut self, at: Instant, point: Point, bytes: usize) {
        if self.unreported.len() == UNREPORTED_MAX {
            self.report_records();
        }
        if self.observer.is_some() {
            self.unreported.push(Record { at, point, bytes });
        }
    }

    /// Records bytes that are written next. A [`report`](Self::report) has to follow the write at once.
    pub fn record_write(&mut self, point: Point, bytes: usize) {
        if let Some(observer) = &mut self.observer {
            if !self.is_announced {
                observer.records_follow();
                self.is_announced = true;
            }
            self.record(point, bytes);
        }
    }

    /// Reports all records to the observer.
    pub fn report(&mut self) {
        self.report_records();
        if std::mem::take(&mut self.is_announced)
            && let Some(observer) = &mut self.observer
        {
            observer.records_complete();
        }
    }

    fn report_records(&mut self) {
        for Record { at, point, bytes } in self.unreported.drain(..) {
            if let Some(observer) = &mut self.observer
                && !observer.record(at, point, bytes)
            {
                if self.is_announced {
                    observer.records_complete();
                }
                self.observer = None;
            }
        }
    }

    /// The observer, for what is not recorded with bytes. All records are reported before.
    pub fn observer(&mut self) -> Option<&mut dyn ConnectionObserver> {
        self.report();
        match &mut self.observer {
            Some(observer) => Some(observer.as_mut()),
            None => None,
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.report();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Wants a number of records, and lists its calls.
    #[derive(Debug)]
    struct Listing {
        wanted: usize,
        calls: Arc<Mutex<Vec<Call>>>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Call {
        Record(Point),
        Follow,
        Complete,
        Dropped,
    }

    impl Listing {
        fn list(&self, call: Call) {
            self.calls.lock().unwrap().push(call);
        }
    }

    impl ConnectionObserver for Listing {
        fn record(&mut self, _at: Instant, point: Point, _bytes: usize) -> bool {
            self.list(Call::Record(point));
            self.wanted -= 1;
            self.wanted > 0
        }

        fn records_follow(&mut self) {
            self.list(Call::Follow);
        }

        fn records_complete(&mut self) {
            self.list(Call::Complete);
        }
    }

    impl Drop for Listing {
        fn drop(&mut self) {
            self.list(Call::Dropped);
        }
    }

    fn listed(wanted: usize) -> (Observed, Arc<Mutex<Vec<Call>>>) {
        let calls = Arc::default();
        (Observed::by(Some(Box::new(Listing { wanted, calls: Arc::clone(&calls) }))), calls)
    }

    #[test]
    fn an_observer_gets_the_announcement_before_a_write_and_the_records_after_it() {
        let (mut observed, calls) = listed(10);
        observed.record(Point::FromClient, 1);
        observed.record_write(Point::ToServer, 1);
        observed.record_write(Point::ToServer, 1);
        assert_eq!(*calls.lock().unwrap(), [Call::Follow]);
        observed.report();
        let [read, written] = [Call::Record(Point::FromClient), Call::Record(Point::ToServer)];
        assert_eq!(*calls.lock().unwrap(), [Call::Follow, read, written, written, Call::Complete]);
        calls.lock().unwrap().clear();
        observed.record(Point::FromClient, 1);
        assert!(calls.lock().unwrap().is_empty());
        drop(observed);
        assert_eq!(*calls.lock().unwrap(), [read, Call::Dropped]);
    }

    #[test]
    fn an_observer_gets_no_call_after_the_last_that_it_wanted() {
        let (mut observed, calls) = listed(2);
        observed.record_write(Point::ToClient, 1);
        for _ in 0..5 {
            observed.record(Point::FromClient, 1);
        }
        observed.report();
        observed.record_write(Point::ToClient, 1);
        observed.report();
        let records = [Point::ToClient, Point::FromClient].map(Call::Record);
        assert_eq!(*calls.lock().unwrap(), [Call::Follow, records[0], records[1], Call::Complete, Call::Dropped]);
        assert!(observed.observer().is_none());
    }

    #[test]
    fn a_bounded_number_of_records_waits_for_a_report() {
        let (mut observed, calls) = listed(usize::MAX);
        observed.record_write(Point::ToServer, 1);
        for _ in 0..10 * UNREPORTED_MAX {
            observed.record(Point::FromClient, 1);
            assert!(observed.unreported.len() <= UNREPORTED_MAX);
        }
        assert!(!calls.lock().unwrap().contains(&Call::Complete));
        observed.report();
        assert_eq!(calls.lock().unwrap().len(), 10 * UNREPORTED_MAX + 3);
    }
}

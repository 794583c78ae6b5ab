//! Observers of the connections of a program, and of the bytes that pass through it.
//!
//! Server, bridge and tunnel report their connections to an [`Observer`], if there is one. Without one, no clock is read
//! for it and nothing is called. A program does not know what its observer does.
//!
//! Time spent in an observer is not measured, and bytes do not wait for it: the clock is read just after bytes were read
//! and just before they are written, and both moments are reported after the write. Only the call that announces the write
//! is made before it. Reports delay only what the same thread does next.
//!
//! So the next program on the path may have the bytes before this one has reported them. A reader of what was recorded
//! should wait until everything announced is recorded: see [`ConnectionObserver::records_follow`].

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Observes the connections of one program.
pub trait Observer: Debug + Send + Sync {
    /// Reports a new connection. Returns the observer of this connection, which is dropped when the connection ends; `None` if
    /// the connection should not be observed.
    fn connection(&self, connection: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>>;
}

/// A new TCP connection: one that the server or the tunnel has accepted, or one that the bridge has made to the server for an
/// HTTP request.
#[derive(Debug, Clone, Copy)]
pub struct NewConnection<'a> {
    /// The address of the end that has connected.
    pub from: SocketAddr,
    /// The address of the end that has accepted.
    pub to: SocketAddr,
    /// The query of the HTTP request's URL; `None` if there is no query or no request.
    pub query: Option<&'a str>,
    /// The steps that the connection has taken so far, each with its moment.
    pub steps: &'a [(Instant, ConnectStep)],
}

/// A step on the way to a connection that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectStep {
    /// `accept()` has returned a connection.
    Accepted,
    /// The HTTP request has been read.
    RequestIn,
    /// The program is about to look up the server's name and to connect to the server.
    ConnectBegun,
    /// The connection to the server can be used.
    ConnectDone,
    /// The program is about to write the HTTP response to the request.
    ResponseOut,
}

/// A point in a program that bytes pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// The bytes have been read from the client.
    FromClient,
    /// The bytes are about to be written to the server.
    ToServer,
    /// The bytes have been read from the server.
    FromServer,
    /// The server knows the bytes, which are an answer to the client.
    AnswerReady,
    /// The bytes are about to be written to the client.
    ToClient,
}

/// Maximum number of records of a connection that wait for a report.
const UNREPORTED_MAX: usize = 32;

/// Observes one connection. The thread that carries the connection makes the calls, so an observer should write only into
/// memory of its own and not wait for other threads.
pub trait ConnectionObserver: Debug + Send {
    /// Records that `bytes` bytes passed `point` at the moment `at`; the call itself may come later. Returns `false` if the
    /// observer wants no further records.
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool;

    /// Announces that bytes are about to be written, and will be recorded after the write. What has been recorded is complete
    /// only after [`records_complete`](Self::records_complete). A reader that asks in between, because its client has the
    /// bytes already, should wait. In between, the thread writes without blocking, and calls only [`record`](Self::record).
    fn records_follow(&mut self) {}

    /// Records that everything announced has been recorded.
    fn records_complete(&mut self) {}

    /// Records a step that the connection took after it was reported.
    fn step(&mut self, _at: Instant, _step: ConnectStep) {}

    /// Records the addresses of the connection from this program (`from`) to the server (`to`), over which the program forwards
    /// the observed connection.
    fn forwarded(&mut self, _from: SocketAddr, _to: SocketAddr) {}

    /// Records that the program uses the settings of this revision from now on.
    fn settings_changed(&mut self, _revision: u64) {}

    /// Records that an emulated handshake is over: nothing was read from the client until `held` after the accept.
    fn handshake_done(&mut self, _held: Duration) {}
}

/// The observer of a connection, until it wants no further records, and the records that have not been reported to it yet.
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
    /// Creates an empty list of records for `observer`. Without an observer, nothing is recorded.
    pub fn by(observer: Option<Box<dyn ConnectionObserver>>) -> Self {
        Self { observer, unreported: Vec::new(), is_announced: false }
    }

    /// Records that bytes have just passed `point`. Reads the clock only if there is an observer. The observer gets the record
    /// with the next [`report`](Self::report).
    pub fn record(&mut self, point: Point, bytes: usize) {
        if self.observer.is_some() {
            self.record_at(Instant::now(), point, bytes);
        }
    }

    /// Records that bytes passed `point` at the moment `at`. The observer gets the record with the next
    /// [`report`](Self::report).
    pub fn record_at(&mut self, at: Instant, point: Point, bytes: usize) {
        if self.unreported.len() == UNREPORTED_MAX {
            self.report_records();
        }
        if self.observer.is_some() {
            self.unreported.push(Record { at, point, bytes });
        }
    }

    /// Announces and records bytes that are about to be written. The caller must [`report`](Self::report) at once after the
    /// write.
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

    /// Reports all records and returns the observer, for events that are not about bytes.
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

    /// An observer that lists the calls to it, and wants no further records after `wanted`.
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
    fn an_observer_gets_no_record_after_the_last_that_it_wanted() {
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

//! The recorder as the observer of each hop: it translates what a hop reports into events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::observe::{self, ConnectStep, ConnectionObserver, Observer};
use launcelot_measure::{ConnectPoint, TracePoint};

use super::Recorder;
use super::connection_log::{ConnectEvent, ConnectionLog, Event};
use super::dialogue::{ConnectionAddresses, Hop};
use super::trace_store::DialogueNumber;

/// Maximum length of the name of a dialogue or a series in a URL.
const NAME_MAX_BYTES: usize = 40;

/// The observer of one hop.
#[derive(Debug)]
struct HopObserver {
    recorder: Recorder,
    hop: Hop,
}

/// The observer of one connection of a dialogue at one hop.
#[derive(Debug)]
struct Connection {
    recorder: Recorder,
    hop: Hop,
    dialogue: DialogueNumber,
    log: Arc<ConnectionLog>,
}

impl Recorder {
    /// Returns the observer of the bridge.
    pub fn bridge_observer(&self) -> Arc<dyn Observer> {
        self.observer(Hop::Bridge)
    }

    /// Returns the observer of the tunnel.
    pub fn tunnel_observer(&self) -> Arc<dyn Observer> {
        self.observer(Hop::Tunnel)
    }

    /// Returns the observer of the server.
    pub fn server_observer(&self) -> Arc<dyn Observer> {
        self.observer(Hop::Server)
    }

    fn observer(&self, hop: Hop) -> Arc<dyn Observer> {
        Arc::new(HopObserver { recorder: self.clone(), hop })
    }
}

impl Observer for HopObserver {
    fn connection(&self, reported: &observe::NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        let addresses = ConnectionAddresses { from: reported.from, to: reported.to };
        let (dialogue, log) = self.recorder.store().connected(self.hop, addresses);
        let mut connection = Connection { recorder: self.recorder.clone(), hop: self.hop, dialogue, log };
        if self.hop == Hop::Bridge {
            let query = reported.query.unwrap_or_default();
            if let Some(series) = name_in(query, "series=") {
                self.recorder.store().set_series(dialogue, series);
                return None;
            }
            let name = name_in(query, "dialogue=");
            self.recorder.store().set_name(dialogue, name);
            name?;
        }
        for (at, step) in reported.steps {
            connection.step(*at, *step);
        }
        Some(Box::new(connection))
    }
}

/// Returns the name after `parameter` (`dialogue=` or `series=`) in the query of a URL; `None` if it is missing, too
/// long, or has characters other than ASCII letters, digits and `-`.
fn name_in<'a>(query: &'a str, parameter: &str) -> Option<&'a str> {
    let name = query.split('&').find_map(|part| part.strip_prefix(parameter))?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && (1..=NAME_MAX_BYTES).contains(&name.len())).then_some(name)
}

impl ConnectionObserver for Connection {
    fn record(&mut self, at: Instant, point: observe::Point, bytes: usize) -> bool {
        match event_point(self.hop, point) {
            Some(point) => self.log.record(Event { at, point, bytes: bytes as u64 }),
            None => true,
        }
    }

    fn records_follow(&mut self) {
        self.log.records_follow();
    }

    fn records_complete(&mut self) {
        self.log.records_complete();
    }

    fn step(&mut self, at: Instant, step: ConnectStep) {
        if let Some(point) = connect_point(self.hop, step) {
            self.log.record_connecting(ConnectEvent { at, point });
        }
    }

    fn forwarded(&mut self, from: SocketAddr, to: SocketAddr) {
        self.recorder.store().forwarded(self.dialogue, ConnectionAddresses { from, to });
    }

    fn settings_changed(&mut self, revision: u64) {
        self.recorder.store().settings_changed(self.dialogue, revision);
    }

    fn handshake_done(&mut self, held: Duration) {
        self.recorder.store().handshake_done(self.dialogue, held);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.recorder.store().ended(self.dialogue);
    }
}

/// Returns the trace point for a point that `hop` reports; `None` if traces have no such point.
fn event_point(hop: Hop, point: observe::Point) -> Option<TracePoint> {
    use observe::Point::{AnswerReady, FromClient, FromServer, ToClient, ToServer};
    let point = match (hop, point) {
        (Hop::Bridge, FromClient) => TracePoint::BridgeIn,
        (Hop::Bridge, ToServer) => TracePoint::BridgeOut,
        (Hop::Bridge, FromServer) => TracePoint::BridgeBackIn,
        (Hop::Bridge, ToClient) => TracePoint::BridgeBackOut,
        (Hop::Tunnel, FromClient) => TracePoint::TunnelIn,
        (Hop::Tunnel, ToServer) => TracePoint::TunnelOut,
        (Hop::Tunnel, FromServer) => TracePoint::TunnelBackIn,
        (Hop::Tunnel, ToClient) => TracePoint::TunnelBackOut,
        (Hop::Server, FromClient) => TracePoint::ServerIn,
        (Hop::Server, AnswerReady) => TracePoint::AnswerReady,
        (Hop::Server, ToClient) => TracePoint::AnswerOut,
        _ => return None,
    };
    Some(point)
}

/// Returns the trace point for a step of connecting that `hop` reports; `None` if traces have no such point.
fn connect_point(hop: Hop, step: ConnectStep) -> Option<ConnectPoint> {
    let point = match (hop, step) {
        (Hop::Bridge, ConnectStep::RequestIn) => ConnectPoint::UpgradeIn,
        (Hop::Bridge, ConnectStep::ConnectBegun) => ConnectPoint::ConnectBegun,
        (Hop::Bridge, ConnectStep::ConnectDone) => ConnectPoint::ConnectDone,
        (Hop::Bridge, ConnectStep::ResponseOut) => ConnectPoint::UpgradeOut,
        (Hop::Tunnel, ConnectStep::Accepted) => ConnectPoint::TunnelAccepted,
        (Hop::Server, ConnectStep::Accepted) => ConnectPoint::ServerAccepted,
        _ => return None,
    };
    Some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_does_not_lock_the_trace_store() {
        let recorder = Recorder::default();
        let [from, to] = [1, 1060].map(|port| ([127, 0, 0, 1], port).into());
        let reported = observe::NewConnection { from, to, query: None, steps: &[] };
        let mut server = recorder.server_observer().connection(&reported).unwrap();
        let (done, is_done) = std::sync::mpsc::channel();
        let store = recorder.store();
        let recording = std::thread::spawn(move || {
            let is_wanted = server.record(Instant::now(), observe::Point::FromClient, 1);
            done.send(is_wanted).unwrap();
        });
        assert_eq!(is_done.recv_timeout(std::time::Duration::from_secs(20)), Ok(true));
        drop(store);
        recording.join().unwrap();
    }

    #[test]
    fn a_trace_request_waits_for_announced_events() {
        let recorder = Recorder::default();
        let [from, to] = [1, 1060].map(|port| ([127, 0, 0, 1], port).into());
        let reported = observe::NewConnection { from, to, query: None, steps: &[] };
        let mut server = recorder.server_observer().connection(&reported).unwrap();
        server.records_follow();
        let (asked, is_asked) = std::sync::mpsc::channel();
        let asking = std::thread::spawn(move || {
            asked.send(()).unwrap();
            recorder.trace("127.0.0.1:1", None).unwrap().events.len()
        });
        is_asked.recv().unwrap();
        for point in [observe::Point::FromClient, observe::Point::AnswerReady, observe::Point::ToClient] {
            std::thread::yield_now();
            server.record(Instant::now(), point, 1);
        }
        server.records_complete();
        assert_eq!(asking.join().unwrap(), 3);
    }

    #[test]
    fn a_new_connection_is_reported_while_a_trace_request_waits_for_announced_events() {
        let recorder = Recorder::default();
        let [from, other, to] = [1, 2, 1060].map(|port| ([127, 0, 0, 1], port).into());
        let reported = observe::NewConnection { from, to, query: None, steps: &[] };
        let observer = recorder.server_observer();
        let mut server = observer.connection(&reported).unwrap();
        server.records_follow();
        let asking = {
            let recorder = recorder.clone();
            std::thread::spawn(move || recorder.trace("127.0.0.1:1", None))
        };
        let log = Arc::clone(&recorder.store().dialogue("127.0.0.1:1", None).unwrap().logs[0]);
        while !log.has_waiting_readers() && !asking.is_finished() {
            std::thread::yield_now();
        }
        observer.connection(&observe::NewConnection { from: other, ..reported }).unwrap();
        assert!(!asking.is_finished(), "the connection waited for the request");
        server.records_complete();
        asking.join().unwrap();
    }

    #[test]
    fn a_name_in_a_url_has_at_most_40_letters_digits_and_hyphens() {
        let long = format!("dialogue={}", "x".repeat(NAME_MAX_BYTES + 1));
        let cases = [
            ("dialogue=a-1", Some("a-1")),
            ("x=1&dialogue=Z&y", Some("Z")),
            ("dialogue=", None),
            ("dialogue=a%20b", None),
            ("dialog=a", None),
            (long.as_str(), None),
        ];
        for (query, expected) in cases {
            assert_eq!(name_in(query, "dialogue="), expected, "{query}");
        }
        assert_eq!(name_in("dialogue=a&series=b", "series="), Some("b"));
    }
}

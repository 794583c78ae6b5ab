//! The recorder as each hop's observer: it translates what a hop reports into events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_bridge::observer as bridge;
use launcelot_measure::{ConnectPoint, Point};
use launcelot_server::observer as server;

use super::Recorder;
use super::connection_log::{ConnectEvent, ConnectionLog, Event};
use super::trace_store::{Ends, Hop, Number};
use crate::tunnel::observer as tunnel;

/// How long a dialogue's name may be, which stands in a URL as it is.
const NAME_MAX_BYTES: usize = 40;

/// One hop's connection of one dialogue.
#[derive(Debug)]
struct Connection {
    recorder: Recorder,
    dialogue: Number,
    log: Arc<ConnectionLog>,
}

impl Recorder {
    fn connection(&self, hop: Hop, ends: Ends) -> Connection {
        let (dialogue, log) = self.store().connected(hop, ends);
        Connection { recorder: self.clone(), dialogue, log }
    }
}

impl Connection {
    fn write(&self, at: Instant, point: Point, bytes: usize) -> bool {
        self.log.record(Event { at, point, bytes: bytes as u64 })
    }

    fn passed(&self, at: Instant, point: ConnectPoint) {
        self.log.record_connecting(ConnectEvent { at, point });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.recorder.store().ended(self.dialogue);
    }
}

impl bridge::Observer for Recorder {
    fn connected(&self, uri: &http::Uri, made: &bridge::Connection) -> Option<Box<dyn bridge::Watcher>> {
        let connection = self.connection(Hop::Bridge, Ends { from: made.local, to: made.peer });
        let query = uri.query().unwrap_or_default();
        if let Some(series) = name_in(query, "series=") {
            self.store().in_series(connection.dialogue, series);
            return None;
        }
        let name = name_in(query, "dialogue=");
        self.store().named(connection.dialogue, name);
        connection.passed(made.upgrade_in, ConnectPoint::UpgradeIn);
        connection.passed(made.connect_begun, ConnectPoint::ConnectBegun);
        connection.passed(made.connect_done, ConnectPoint::ConnectDone);
        name.map(|_| Box::new(connection) as _)
    }
}

/// The name that a URL's query gives to a dialogue or to a series.
fn name_in<'a>(query: &'a str, parameter: &str) -> Option<&'a str> {
    let name = query.split('&').find_map(|part| part.strip_prefix(parameter))?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && (1..=NAME_MAX_BYTES).contains(&name.len())).then_some(name)
}

impl bridge::Watcher for Connection {
    fn upgraded(&mut self, at: Instant) {
        self.passed(at, ConnectPoint::UpgradeOut);
    }

    fn record(&mut self, at: Instant, point: bridge::Point, bytes: usize) -> bool {
        let point = match point {
            bridge::Point::MessageIn => Point::BridgeIn,
            bridge::Point::TcpOut => Point::BridgeOut,
            bridge::Point::TcpIn => Point::BridgeBackIn,
            bridge::Point::MessageOut => Point::BridgeBackOut,
        };
        self.write(at, point, bytes)
    }
}

impl tunnel::Observer for Recorder {
    fn accepted(&self, at: Instant, client: SocketAddr, local: SocketAddr) -> Option<Box<dyn tunnel::Watcher>> {
        let connection = self.connection(Hop::Tunnel, Ends { from: client, to: local });
        connection.passed(at, ConnectPoint::TunnelAccepted);
        Some(Box::new(connection))
    }
}

impl tunnel::Watcher for Connection {
    fn connected(&mut self, local: SocketAddr, peer: SocketAddr) {
        self.recorder.store().forwarded(self.dialogue, Ends { from: local, to: peer });
    }

    fn goes_under(&mut self, revision: u64) {
        self.recorder.store().goes_under(self.dialogue, revision);
    }

    fn opened(&mut self, held: Duration) {
        self.recorder.store().opened(self.dialogue, held);
    }

    fn saw(&mut self, at: Instant, point: tunnel::Point, bytes: usize) -> bool {
        let point = match point {
            tunnel::Point::NearIn => Point::TunnelIn,
            tunnel::Point::FarOut => Point::TunnelOut,
            tunnel::Point::FarIn => Point::TunnelBackIn,
            tunnel::Point::NearOut => Point::TunnelBackOut,
        };
        self.write(at, point, bytes)
    }
}

impl server::Observer for Recorder {
    fn accepted(&self, at: Instant, client: SocketAddr, local: SocketAddr) -> Option<Box<dyn server::Watcher>> {
        let connection = self.connection(Hop::Server, Ends { from: client, to: local });
        connection.passed(at, ConnectPoint::ServerAccepted);
        Some(Box::new(connection))
    }
}

impl server::Watcher for Connection {
    fn record(&mut self, at: Instant, point: server::Point, bytes: usize) -> bool {
        let point = match point {
            server::Point::QuestionIn => Point::ServerIn,
            server::Point::AnswerReady => Point::AnswerReady,
            server::Point::AnswerOut => Point::AnswerOut,
        };
        self.write(at, point, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_waits_for_no_other_connection() {
        let recorder = Recorder::default();
        let mut server = {
            let [client, local] = [1, 1060].map(|port| ([127, 0, 0, 1], port).into());
            server::Observer::accepted(&recorder, Instant::now(), client, local).unwrap()
        };
        let (done, is_done) = std::sync::mpsc::channel();
        let store = recorder.store();
        let recording = std::thread::spawn(move || {
            let is_wanted = server.record(Instant::now(), server::Point::QuestionIn, 1);
            done.send(is_wanted).unwrap();
        });
        assert_eq!(is_done.recv_timeout(std::time::Duration::from_secs(20)), Ok(true));
        drop(store);
        recording.join().unwrap();
    }

    #[test]
    fn a_name_is_short_and_plain() {
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

//! The recorder as each hop's observer: it translates what a hop reports into events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_bridge::observer as bridge;
use launcelot_measure::Point;
use launcelot_server::observer as server;

use super::Recorder;
use super::connection_log::{ConnectionLog, Event};
use super::trace_store::{Hop, Number};
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
    fn connected(&self, hop: Hop, address: SocketAddr) -> Connection {
        let (dialogue, log) = self.store().connected(hop, address);
        Connection { recorder: self.clone(), dialogue, log }
    }
}

impl Connection {
    fn write(&self, at: Instant, point: Point, bytes: usize) -> bool {
        self.log.record(Event { at, point, bytes: bytes as u64 })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.recorder.store().ended(self.dialogue);
    }
}

impl bridge::Observer for Recorder {
    fn reached(&self, uri: &http::Uri, local: SocketAddr) -> Option<Box<dyn bridge::Watcher>> {
        let connection = self.connected(Hop::Bridge, local);
        let name = uri.query().and_then(name_in);
        self.store().named(connection.dialogue, name);
        name.map(|_| Box::new(connection) as _)
    }
}

/// The name that a URL's query gives to a dialogue.
fn name_in(query: &str) -> Option<&str> {
    let name = query.split('&').find_map(|parameter| parameter.strip_prefix("dialogue="))?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && (1..=NAME_MAX_BYTES).contains(&name.len())).then_some(name)
}

impl bridge::Watcher for Connection {
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
    fn came(&self, from: SocketAddr) -> Option<Box<dyn tunnel::Watcher>> {
        Some(Box::new(self.connected(Hop::Tunnel, from)))
    }
}

impl tunnel::Watcher for Connection {
    fn reached(&mut self, local: SocketAddr) {
        self.recorder.store().forwarded_from(self.dialogue, local);
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
    fn accepted(&self, client: SocketAddr) -> Option<Box<dyn server::Watcher>> {
        Some(Box::new(self.connected(Hop::Server, client)))
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
        let mut server = server::Observer::accepted(&recorder, ([127, 0, 0, 1], 1).into()).unwrap();
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
            assert_eq!(name_in(query), expected, "{query}");
        }
    }
}

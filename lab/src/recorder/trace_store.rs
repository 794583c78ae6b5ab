//! The dialogues, and which connections belong to which of them.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use launcelot_measure::clock::smallest_step;
use launcelot_measure::{ConnectSighting, Sighting, Trace};

use super::Passage;
use super::connection_log::{ConnectEvent, ConnectionLog, Event};
use super::thinking::Thinking;

/// How many dialogues are kept. Dialogues without a name are evicted first, then the oldest.
pub(super) const DIALOGUES_MAX: usize = 256;

/// The smallest step of the clock that all hops in this process read.
static CLOCK_STEP: LazyLock<Duration> = LazyLock::new(|| {
    let begin = Instant::now();
    smallest_step(|| begin.elapsed()).unwrap_or_default()
});

/// A connection, by the addresses of both its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    /// The end that has connected.
    pub(super) from: SocketAddr,
    /// The end that was connected to.
    pub(super) to: SocketAddr,
}

/// One end of a connection, which its program reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hop {
    /// The bridge's connection to the next hop.
    Bridge,
    /// A client's connection to the tunnel.
    Tunnel,
    /// The tunnel's connection to the server.
    TunnelOnward,
    /// A client's connection to the server.
    Server,
}

impl Hop {
    /// Whether it was connected to, or else has connected: a connection has one end of each kind.
    fn was_connected_to(self) -> bool {
        matches!(self, Self::Tunnel | Self::Server)
    }
}

/// A dialogue's number, which counts up.
pub(super) type Number = u64;

/// All dialogues.
#[derive(Debug, Default)]
pub(super) struct TraceStore {
    dialogues: BTreeMap<Number, Dialogue>,
    /// The newest dialogue that has a connection with these ends.
    by_ends: HashMap<Ends, Number>,
    /// Dialogues that turned out to be the same as another.
    same_as: HashMap<Number, Number>,
    next: Number,
}

#[derive(Debug, Default)]
struct Dialogue {
    name: String,
    /// The port to which its client had connected, or the bridge.
    to_port: u16,
    /// It came through the bridge without a name, so no request can ask for it.
    is_ignored: bool,
    /// Which hops have reported which connections of it.
    connections: Vec<(Hop, Ends)>,
    /// What they saw, each connection apart.
    logs: Vec<Arc<ConnectionLog>>,
    passage: Option<Passage>,
    /// It belongs to a series, of which only the server's thinking is asked for.
    is_of_a_series: bool,
    /// The thinking for the connections of its series before it.
    thinking_before: Thinking,
    /// One of its connections has ended: the next one with the same ends is another dialogue's.
    is_over: bool,
}

impl TraceStore {
    /// Adds a connection, which a hop reports. Returns the dialogue that it belongs to and its log.
    pub(super) fn connected(&mut self, hop: Hop, ends: Ends) -> (Number, Arc<ConnectionLog>) {
        let known = self.by_ends.get(&ends).copied().filter(|number| {
            // The same end reported twice is another connection, which has got the port.
            let is_same_end =
                |(other, known): &(Hop, Ends)| *known == ends && other.was_connected_to() == hop.was_connected_to();
            self.dialogues
                .get(number)
                .is_some_and(|dialogue| !dialogue.is_over && !dialogue.connections.iter().any(is_same_end))
        });
        let number = known.unwrap_or_else(|| self.begin(ends));
        let log = Arc::new(ConnectionLog::default());
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((hop, ends));
            dialogue.add([Arc::clone(&log)]);
        }
        (number, log)
    }

    /// Sets the name by which a dialogue is asked for; one through the bridge without a name is ignored.
    pub(super) fn named(&mut self, number: Number, name: Option<&str>) {
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            match name {
                Some(name) => name.clone_into(&mut dialogue.name),
                None => {
                    dialogue.is_ignored = true;
                    dialogue.discard();
                }
            }
        }
    }

    /// Makes a dialogue the newest of the series of that name: its events are not kept, and an earlier one is replaced by it.
    pub(super) fn in_series(&mut self, number: Number, name: &str) {
        let earlier = self.newest_in_series(name).map(|(number, dialogue)| (*number, dialogue.thinking()));
        if let Some((earlier, _)) = earlier {
            self.forget(earlier);
        }
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            name.clone_into(&mut dialogue.name);
            dialogue.thinking_before = earlier.map(|(_, thinking)| thinking).unwrap_or_default();
            dialogue.is_of_a_series = true;
            dialogue.add([]);
        }
    }

    /// Returns how long the server thought about the questions of a series.
    pub(super) fn thinking(&self, series: &str) -> Option<Thinking> {
        self.newest_in_series(series).map(|(_, dialogue)| dialogue.thinking())
    }

    fn newest_in_series(&self, name: &str) -> Option<(&Number, &Dialogue)> {
        self.dialogues.iter().rev().find(|(_, dialogue)| dialogue.is_of_a_series && dialogue.name == name)
    }

    /// Adds the connection by which the tunnel forwards a dialogue. The server may have reported it already.
    pub(super) fn forwarded(&mut self, number: Number, ends: Ends) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((Hop::TunnelOnward, ends));
        }
        let other = self.by_ends.insert(ends, number).filter(|other| *other != number);
        let Some(other) = other.filter(|other| self.is_only_of_the_server(*other, ends)) else { return };
        if let (Some(rest), Some(dialogue)) = (self.dialogues.remove(&other), self.dialogues.get_mut(&number)) {
            dialogue.connections.extend(rest.connections);
            dialogue.add(rest.logs);
            self.same_as.insert(other, number);
        }
    }

    /// Records that a dialogue is carried through the tunnel under the settings of this revision from now on.
    pub(super) fn goes_under(&mut self, number: Number, revision: u64) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            let first = Passage { first_revision: revision, last_revision: revision, handshake: None };
            dialogue.passage.get_or_insert(first).last_revision = revision;
        }
    }

    /// Records how long the tunnel held a dialogue's connection before it was open.
    pub(super) fn opened(&mut self, number: Number, held: Duration) {
        let number = self.real(number);
        if let Some(passage) = self.dialogues.get_mut(&number).and_then(|dialogue| dialogue.passage.as_mut()) {
            passage.handshake = Some(held);
        }
    }

    /// Whether only a server has reported that dialogue, and nothing but that connection.
    fn is_only_of_the_server(&self, number: Number, ends: Ends) -> bool {
        self.dialogues
            .get(&number)
            .is_some_and(|dialogue| !dialogue.is_over && dialogue.connections == [(Hop::Server, ends)])
    }

    /// A connection of a dialogue has ended.
    pub(super) fn ended(&mut self, number: Number) {
        let number = self.real(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            // The bridge lets go of one that is ignored, or of a series, before its end.
            dialogue.is_over = !dialogue.is_ignored && !dialogue.is_of_a_series;
        }
    }

    /// Returns what was seen of the newest dialogue of that name, the earliest first. If there is a port `to`, it is one
    /// whose client had connected to that port.
    pub(super) fn trace(&self, name: &str, to: Option<u16>) -> Option<Trace> {
        let dialogue = self.newest(name, to)?;
        let (mut events, mut connecting) = (Vec::new(), Vec::new());
        let mut is_cut = false;
        for log in &dialogue.logs {
            is_cut |= log.append_to(&mut events, &mut connecting);
        }
        events.sort_by_key(|event| (event.at, event.point));
        connecting.sort_by_key(|event| (event.at, event.point));
        let firsts = [events.first().map(|event| event.at), connecting.first().map(|event| event.at)];
        let began = firsts.into_iter().flatten().min();
        let since_began = |at: Instant| began.map(|began| at - began).unwrap_or_default();
        let sighting = |event: Event| Sighting { point: event.point, at: since_began(event.at), bytes: event.bytes };
        let passed = |event: ConnectEvent| ConnectSighting { point: event.point, at: since_began(event.at) };
        Some(Trace {
            id: name.to_owned(),
            sightings: events.into_iter().map(sighting).collect(),
            connecting: connecting.into_iter().map(passed).collect(),
            is_cut,
            clock_step: *CLOCK_STEP,
        })
    }

    /// Returns how that dialogue went through the tunnel, if it did.
    pub(super) fn passage(&self, name: &str, to: Option<u16>) -> Option<Passage> {
        self.newest(name, to)?.passage
    }

    fn newest(&self, name: &str, to: Option<u16>) -> Option<&Dialogue> {
        let is_asked_for = |dialogue: &&Dialogue| {
            dialogue.name == name && !dialogue.is_ignored && to.is_none_or(|port| dialogue.to_port == port)
        };
        self.dialogues.values().rev().find(is_asked_for)
    }

    /// The number under which a dialogue is kept.
    fn real(&self, number: Number) -> Number {
        self.same_as.get(&number).copied().unwrap_or(number)
    }

    fn begin(&mut self, ends: Ends) -> Number {
        let number = self.next;
        self.next += 1;
        if self.dialogues.len() == DIALOGUES_MAX {
            self.forget_one();
        }
        let dialogue = Dialogue { name: ends.from.to_string(), to_port: ends.to.port(), ..Dialogue::default() };
        self.dialogues.insert(number, dialogue);
        self.by_ends.insert(ends, number);
        number
    }

    fn forget_one(&mut self) {
        let ignored = self.dialogues.iter().find(|(_, dialogue)| dialogue.is_ignored);
        let Some(gone) = ignored.or(self.dialogues.first_key_value()).map(|(number, _)| *number) else { return };
        self.forget(gone);
    }

    fn forget(&mut self, gone: Number) {
        if let Some(dialogue) = self.dialogues.remove(&gone) {
            dialogue.discard();
        }
        self.by_ends.retain(|_, number| *number != gone);
        self.same_as.retain(|_, number| *number != gone);
    }
}

impl Dialogue {
    /// Adds logs, whose events are not wanted if the dialogue is ignored.
    fn add(&mut self, logs: impl IntoIterator<Item = Arc<ConnectionLog>>) {
        self.logs.extend(logs);
        if self.is_ignored {
            self.discard();
        } else if self.is_of_a_series {
            self.logs.iter().for_each(|log| log.sum_up());
        }
    }

    fn thinking(&self) -> Thinking {
        let mut thinking = self.thinking_before;
        self.logs.iter().for_each(|log| thinking.add(log.thinking()));
        thinking
    }

    fn discard(&self) {
        self.logs.iter().for_each(|log| log.discard());
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{ConnectPoint, Point};

    use super::super::connection_log::EVENTS_MAX;
    use super::*;

    /// The ports of the server and of the tunnel.
    const SERVER: u16 = 1060;
    const TUNNEL: u16 = 1061;

    fn ends(from: u16, to: u16) -> Ends {
        let [from, to] = [from, to].map(|port| ([127, 0, 0, 1], port).into());
        Ends { from, to }
    }

    /// A connection to the server.
    fn from(port: u16) -> Ends {
        ends(port, SERVER)
    }

    /// A connection to the tunnel.
    fn to_tunnel(port: u16) -> Ends {
        ends(port, TUNNEL)
    }

    fn points(store: &TraceStore, name: &str) -> Vec<Point> {
        store.trace(name, None).unwrap().sightings.into_iter().map(|sighting| sighting.point).collect()
    }

    fn record(log: &ConnectionLog, point: Point) -> bool {
        log.record(Event { at: Instant::now(), point, bytes: 1 })
    }

    #[test]
    fn hops_are_joined_in_whatever_order_they_report() {
        // The bridge is at 1 on the way to the tunnel, the tunnel at 2 on the way to the server.
        type Report = fn(&mut TraceStore) -> Arc<ConnectionLog>;
        let bridge: Report = |store| {
            let (number, log) = store.connected(Hop::Bridge, to_tunnel(1));
            store.named(number, Some("me"));
            log
        };
        let tunnel: Report = |store| {
            let (number, log) = store.connected(Hop::Tunnel, to_tunnel(1));
            store.forwarded(number, from(2));
            log
        };
        let server: Report = |store| store.connected(Hop::Server, from(2)).1;
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1]] {
            let mut store = TraceStore::default();
            let mut logs = [const { None }; 3];
            for hop in order {
                logs[hop] = Some([bridge, tunnel, server][hop](&mut store));
            }
            for (log, point) in logs.iter().flatten().zip([Point::BridgeOut, Point::TunnelIn, Point::ServerIn]) {
                assert!(record(log, point));
            }
            assert_eq!(points(&store, "me"), [Point::BridgeOut, Point::TunnelIn, Point::ServerIn], "{order:?}");
            assert_eq!(store.dialogues.len(), 1);
        }
    }

    #[test]
    fn one_port_in_use_towards_the_tunnel_and_the_server_at_once_is_two_connections() {
        for server_is_first in [true, false] {
            let mut store = TraceStore::default();
            // A client has port 1 on the way to the tunnel, and the tunnel has port 1 on the way to the server.
            let (number, tunnel) = store.connected(Hop::Tunnel, to_tunnel(1));
            let mut server = server_is_first.then(|| store.connected(Hop::Server, from(1)).1);
            store.forwarded(number, from(1));
            let server = server.take().unwrap_or_else(|| store.connected(Hop::Server, from(1)).1);
            record(&tunnel, Point::TunnelIn);
            record(&server, Point::ServerIn);
            assert_eq!(points(&store, "127.0.0.1:1"), [Point::TunnelIn, Point::ServerIn], "{server_is_first}");
            assert_eq!(store.dialogues.len(), 1);
        }
    }

    #[test]
    fn two_clients_with_one_port_are_told_apart_by_the_port_that_they_connected_to() {
        let mut store = TraceStore::default();
        record(&store.connected(Hop::Tunnel, to_tunnel(1)).1, Point::TunnelIn);
        record(&store.connected(Hop::Server, from(1)).1, Point::ServerIn);
        let first_point = |port| store.trace("127.0.0.1:1", Some(port)).map(|trace| trace.sightings[0].point);
        assert_eq!([TUNNEL, SERVER].map(first_point), [Some(Point::TunnelIn), Some(Point::ServerIn)]);
        assert_eq!(first_point(80), None);
    }

    #[test]
    fn a_connection_that_is_made_is_in_the_trace_and_by_the_same_clock() {
        let mut store = TraceStore::default();
        let (number, bridge) = store.connected(Hop::Bridge, from(1));
        store.named(number, Some("me"));
        let (_, server) = store.connected(Hop::Server, from(1));
        let began = Instant::now();
        let at = |micros| began + Duration::from_micros(micros);
        let connecting =
            [(ConnectPoint::UpgradeIn, 10), (ConnectPoint::ConnectBegun, 12), (ConnectPoint::ConnectDone, 40)];
        for (point, micros) in connecting {
            bridge.record_connecting(ConnectEvent { point, at: at(micros) });
        }
        server.record_connecting(ConnectEvent { point: ConnectPoint::ServerAccepted, at: at(35) });
        server.record(Event { at: at(60), point: Point::ServerIn, bytes: 1 });
        let trace = store.trace("me", None).unwrap();
        let passed: Vec<_> = trace.connecting.iter().map(|passed| (passed.point, passed.at.as_micros())).collect();
        use ConnectPoint::{ConnectBegun, ConnectDone, ServerAccepted, UpgradeIn};
        assert_eq!(passed, [(UpgradeIn, 0), (ConnectBegun, 2), (ServerAccepted, 25), (ConnectDone, 30)]);
        assert_eq!(trace.sightings[0].at.as_micros(), 50);
        assert!(!trace.clock_step.is_zero() && trace.clock_step < Duration::from_millis(1), "{:?}", trace.clock_step);
    }

    #[test]
    fn a_connection_that_gets_the_port_of_another_is_another_dialogue() {
        let mut store = TraceStore::default();
        let (first, first_log) = store.connected(Hop::Server, from(1));
        record(&first_log, Point::ServerIn);
        let (second, second_log) = store.connected(Hop::Server, from(1));
        assert_ne!(first, second);
        record(&second_log, Point::ServerIn);
        record(&second_log, Point::AnswerReady);
        assert_eq!(points(&store, "127.0.0.1:1").len(), 2);
    }

    #[test]
    fn a_dialogue_through_the_bridge_without_a_name_is_not_kept() {
        let mut store = TraceStore::default();
        let (_, server) = store.connected(Hop::Server, from(1));
        assert!(record(&server, Point::ServerIn));
        let (number, bridge) = store.connected(Hop::Bridge, from(1));
        store.named(number, None);
        let (number, other_bridge) = store.connected(Hop::Bridge, from(2));
        store.named(number, None);
        let (_, other_server) = store.connected(Hop::Server, from(2));
        for log in [server, bridge, other_server, other_bridge] {
            assert!(!record(&log, Point::AnswerReady));
        }
        assert_eq!(store.trace("127.0.0.1:1", None), None);
    }

    #[test]
    fn the_thinking_of_a_series_is_summed_up_over_its_connections_and_more_events_than_are_kept() {
        let mut store = TraceStore::default();
        let (_, other) = store.connected(Hop::Server, from(9));
        record(&other, Point::ServerIn);
        let begun = Instant::now();
        let at = |micros| begun + Duration::from_micros(micros);
        for port in 0..2 * DIALOGUES_MAX as u16 {
            let (number, _) = store.connected(Hop::Bridge, to_tunnel(10_000 + port));
            store.in_series(number, "series");
            store.ended(number);
            store.connected(Hop::Tunnel, to_tunnel(10_000 + port));
            store.forwarded(number, from(20_000 + port));
            let (_, server) = store.connected(Hop::Server, from(20_000 + port));
            for _ in 0..EVENTS_MAX / DIALOGUES_MAX {
                server.record(Event { at: at(5), point: Point::ServerIn, bytes: 1 });
                assert!(server.record(Event { at: at(12), point: Point::AnswerReady, bytes: 1 }));
            }
        }
        let answers = 2 * EVENTS_MAX as u64;
        let expected = Thinking { answers, total: Duration::from_micros(7 * answers) };
        assert_eq!((store.thinking("series"), store.thinking("another")), (Some(expected), None));
        assert_eq!(points(&store, "series"), [], "events of it are not kept");
        assert_eq!((points(&store, "127.0.0.1:9").len(), store.dialogues.len()), (1, 2), "others are not displaced");
    }

    #[test]
    fn ignored_dialogues_do_not_displace_those_that_are_kept() {
        let mut store = TraceStore::default();
        let named = |store: &mut TraceStore, port, name| {
            let (number, log) = store.connected(Hop::Bridge, from(port));
            store.named(number, name);
            (number, log)
        };
        let (_, me) = named(&mut store, 1, Some("me"));
        record(&me, Point::BridgeIn);
        // Through the tunnel, from 2 to it and from 3 on.
        let (unnamed, _) = store.connected(Hop::Bridge, to_tunnel(2));
        store.named(unnamed, None);
        assert_eq!(store.connected(Hop::Tunnel, to_tunnel(2)).0, unnamed);
        store.forwarded(unnamed, from(3));
        assert_eq!(store.connected(Hop::Server, from(3)).0, unnamed);
        // Each of its ports belongs to another connection later.
        let (_, client) = store.connected(Hop::Server, from(2));
        assert!(record(&client, Point::TunnelIn));
        let (_, you) = named(&mut store, 3, Some("you"));
        assert!(record(&you, Point::BridgeIn));
        for port in 0..3 * DIALOGUES_MAX as u16 {
            named(&mut store, 10_000 + port, None);
        }
        assert!(["me", "you", "127.0.0.1:2"].iter().all(|name| points(&store, name).len() == 1));
        assert_eq!(store.dialogues.len(), DIALOGUES_MAX);
    }

    #[test]
    fn a_bounded_number_of_events_and_dialogues_is_kept() {
        let mut store = TraceStore::default();
        let (_, long) = store.connected(Hop::Server, from(1));
        assert!((0..EVENTS_MAX).all(|_| record(&long, Point::ServerIn)));
        assert!(!record(&long, Point::ServerIn));
        assert!(store.trace("127.0.0.1:1", None).unwrap().is_cut);
        let (_, forgotten) = store.connected(Hop::Server, from(2));
        for port in 0..2 * DIALOGUES_MAX as u16 {
            let (number, _) = store.connected(Hop::Tunnel, to_tunnel(port));
            store.forwarded(number, from(10_000 + port));
            let (_, server) = store.connected(Hop::Server, from(10_000 + port));
            record(&server, Point::ServerIn);
        }
        assert_eq!(store.trace("127.0.0.1:1", None), None);
        assert!(!record(&forgotten, Point::ServerIn));
        assert_eq!(store.dialogues.len(), DIALOGUES_MAX);
        assert!(store.by_ends.len() <= 2 * DIALOGUES_MAX, "{}", store.by_ends.len());
        assert!(store.same_as.len() <= DIALOGUES_MAX);
    }
}

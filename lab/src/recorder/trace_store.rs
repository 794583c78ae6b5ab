//! The trace store: the latest dialogues, and which connections belong to which of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use launcelot_measure::Trace;

use super::TunnelTransit;
use super::connection_log::ConnectionLog;
use super::dialogue::{Dialogue, Ends, Hop};
use super::thinking::Thinking;

/// How many dialogues are kept. Dialogues without a name are evicted first, then the oldest.
const DIALOGUES_MAX: usize = 256;

/// The number of a dialogue. Numbers count up.
pub(super) type DialogueNumber = u64;

/// The latest dialogues.
#[derive(Debug, Default)]
pub(super) struct TraceStore {
    dialogues: BTreeMap<DialogueNumber, Dialogue>,
    /// The newest dialogue that has a connection with these ends.
    by_ends: HashMap<Ends, DialogueNumber>,
    /// The dialogues that turned out to be the same as another.
    same_as: HashMap<DialogueNumber, DialogueNumber>,
    next: DialogueNumber,
}

impl TraceStore {
    /// Adds the end of a connection that a hop reports. Returns the dialogue that it belongs to, and the log of its events.
    pub(super) fn connected(&mut self, hop: Hop, ends: Ends) -> (DialogueNumber, Arc<ConnectionLog>) {
        let known = self.by_ends.get(&ends).copied();
        let known =
            known.filter(|number| self.dialogues.get(number).is_some_and(|dialogue| dialogue.expects(hop, ends)));
        let number = known.unwrap_or_else(|| self.begin(ends));
        let log = Arc::new(ConnectionLog::default());
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((hop, ends));
            dialogue.add([Arc::clone(&log)]);
        }
        (number, log)
    }

    /// Names a dialogue through the bridge. Without a name it is ignored.
    pub(super) fn set_name(&mut self, number: DialogueNumber, name: Option<&str>) {
        let Some(dialogue) = self.dialogues.get_mut(&number) else { return };
        if let Some(name) = name {
            name.clone_into(&mut dialogue.name);
        } else {
            dialogue.is_ignored = true;
            dialogue.discard();
        }
    }

    /// Adds a dialogue to a series. It replaces the earlier dialogue of the series, and its events are discarded.
    pub(super) fn set_series(&mut self, number: DialogueNumber, name: &str) {
        let earlier = self.newest_in_series(name).map(|(number, dialogue)| (*number, dialogue.thinking()));
        if let Some((earlier, _)) = earlier {
            self.remove(earlier);
        }
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            name.clone_into(&mut dialogue.name);
            dialogue.thinking_before = earlier.map(|(_, thinking)| thinking).unwrap_or_default();
            dialogue.is_in_series = true;
            dialogue.add([]);
        }
    }

    /// Returns the server's thinking in a series.
    pub(super) fn thinking(&self, series: &str) -> Option<Thinking> {
        self.newest_in_series(series).map(|(_, dialogue)| dialogue.thinking())
    }

    fn newest_in_series(&self, name: &str) -> Option<(&DialogueNumber, &Dialogue)> {
        self.dialogues.iter().rev().find(|(_, dialogue)| dialogue.is_in_series && dialogue.name == name)
    }

    /// Adds the connection by which the tunnel forwards a dialogue. The server may have reported it already.
    pub(super) fn forwarded(&mut self, number: DialogueNumber, ends: Ends) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            dialogue.connections.push((Hop::TunnelOnward, ends));
        }
        let Some(other) = self.by_ends.insert(ends, number) else { return };
        let is_from_server =
            self.dialogues.get(&other).is_some_and(|dialogue| dialogue.is_known_from_server_only(ends));
        if other != number && is_from_server {
            self.merge(other, number);
        }
    }

    /// Moves the connections of one dialogue into another.
    fn merge(&mut self, from: DialogueNumber, into: DialogueNumber) {
        if let (Some(from_dialogue), Some(dialogue)) = (self.dialogues.remove(&from), self.dialogues.get_mut(&into)) {
            dialogue.connections.extend(from_dialogue.connections);
            dialogue.add(from_dialogue.logs);
            self.same_as.insert(from, into);
        }
    }

    /// Records the revision of the tunnel's settings under which a dialogue is relayed from now on.
    pub(super) fn settings_changed(&mut self, number: DialogueNumber, revision: u64) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            let first = TunnelTransit { first_revision: revision, last_revision: revision, handshake: None };
            dialogue.transit.get_or_insert(first).last_revision = revision;
        }
    }

    /// Records the handshake of a dialogue's connection to the tunnel.
    pub(super) fn handshake_done(&mut self, number: DialogueNumber, handshake: Duration) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number)
            && let Some(transit) = &mut dialogue.transit
        {
            transit.handshake = Some(handshake);
        }
    }

    /// Records that a connection of a dialogue has ended.
    pub(super) fn ended(&mut self, number: DialogueNumber) {
        let number = self.resolve(number);
        if let Some(dialogue) = self.dialogues.get_mut(&number) {
            // The watchers of a dialogue that is ignored or belongs to a series are dropped before its connections end.
            dialogue.has_ended = !dialogue.is_ignored && !dialogue.is_in_series;
        }
    }

    /// Returns the trace of the newest dialogue with this name. With `to`, its client must have connected to that port.
    pub(super) fn trace(&self, name: &str, to: Option<u16>) -> Option<Trace> {
        self.newest(name, to).map(Dialogue::trace)
    }

    /// Returns how that dialogue went through the tunnel, or `None` if it did not.
    pub(super) fn transit(&self, name: &str, to: Option<u16>) -> Option<TunnelTransit> {
        self.newest(name, to)?.transit
    }

    fn newest(&self, name: &str, to: Option<u16>) -> Option<&Dialogue> {
        self.dialogues.values().rev().find(|dialogue| {
            dialogue.name == name && !dialogue.is_ignored && to.is_none_or(|port| dialogue.to_port == port)
        })
    }

    /// Returns the number under which a dialogue is kept: another one after a merge.
    fn resolve(&self, number: DialogueNumber) -> DialogueNumber {
        self.same_as.get(&number).copied().unwrap_or(number)
    }

    fn begin(&mut self, ends: Ends) -> DialogueNumber {
        let number = self.next;
        self.next += 1;
        if self.dialogues.len() == DIALOGUES_MAX {
            self.evict();
        }
        let dialogue = Dialogue { name: ends.from.to_string(), to_port: ends.to.port(), ..Dialogue::default() };
        self.dialogues.insert(number, dialogue);
        self.by_ends.insert(ends, number);
        number
    }

    fn evict(&mut self) {
        let oldest_ignored = self.dialogues.iter().find(|(_, dialogue)| dialogue.is_ignored);
        let Some((evicted, _)) = oldest_ignored.or(self.dialogues.first_key_value()) else { return };
        self.remove(*evicted);
    }

    fn remove(&mut self, removed: DialogueNumber) {
        if let Some(dialogue) = self.dialogues.remove(&removed) {
            dialogue.discard();
        }
        self.by_ends.retain(|_, number| *number != removed);
        self.same_as.retain(|_, number| *number != removed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use launcelot_measure::{ConnectPoint, TracePoint};

    use super::super::connection_log::{ConnectEvent, EVENTS_MAX, Event};
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

    fn points(store: &TraceStore, name: &str) -> Vec<TracePoint> {
        store.trace(name, None).unwrap().events.into_iter().map(|event| event.point).collect()
    }

    fn record(log: &ConnectionLog, point: TracePoint) -> bool {
        log.record(Event { at: Instant::now(), point, bytes: 1 })
    }

    #[test]
    fn hops_are_joined_in_any_order_of_their_reports() {
        // The bridge connects from port 1 to the tunnel, and the tunnel from port 2 to the server.
        type Report = fn(&mut TraceStore) -> Arc<ConnectionLog>;
        let bridge: Report = |store| {
            let (number, log) = store.connected(Hop::Bridge, to_tunnel(1));
            store.set_name(number, Some("me"));
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
            for (log, point) in
                logs.iter().flatten().zip([TracePoint::BridgeOut, TracePoint::TunnelIn, TracePoint::ServerIn])
            {
                assert!(record(log, point));
            }
            assert_eq!(
                points(&store, "me"),
                [TracePoint::BridgeOut, TracePoint::TunnelIn, TracePoint::ServerIn],
                "{order:?}"
            );
            assert_eq!(store.dialogues.len(), 1);
        }
    }

    #[test]
    fn one_port_with_two_destinations_is_two_connections() {
        for server_is_first in [true, false] {
            let mut store = TraceStore::default();
            // A client connects from port 1 to the tunnel, and the tunnel from port 1 to the server.
            let (number, tunnel) = store.connected(Hop::Tunnel, to_tunnel(1));
            let mut server = server_is_first.then(|| store.connected(Hop::Server, from(1)).1);
            store.forwarded(number, from(1));
            let server = server.take().unwrap_or_else(|| store.connected(Hop::Server, from(1)).1);
            record(&tunnel, TracePoint::TunnelIn);
            record(&server, TracePoint::ServerIn);
            assert_eq!(
                points(&store, "127.0.0.1:1"),
                [TracePoint::TunnelIn, TracePoint::ServerIn],
                "{server_is_first}"
            );
            assert_eq!(store.dialogues.len(), 1);
        }
    }

    #[test]
    fn two_clients_with_one_port_are_told_apart_by_their_destinations() {
        let mut store = TraceStore::default();
        record(&store.connected(Hop::Tunnel, to_tunnel(1)).1, TracePoint::TunnelIn);
        record(&store.connected(Hop::Server, from(1)).1, TracePoint::ServerIn);
        let first_point = |port| store.trace("127.0.0.1:1", Some(port)).map(|trace| trace.events[0].point);
        assert_eq!([TUNNEL, SERVER].map(first_point), [Some(TracePoint::TunnelIn), Some(TracePoint::ServerIn)]);
        assert_eq!(first_point(80), None);
    }

    #[test]
    fn connecting_is_traced_by_the_same_clock_as_the_questions() {
        let mut store = TraceStore::default();
        let (number, bridge) = store.connected(Hop::Bridge, from(1));
        store.set_name(number, Some("me"));
        let (_, server) = store.connected(Hop::Server, from(1));
        let began = Instant::now();
        let at = |micros| began + Duration::from_micros(micros);
        let connecting =
            [(ConnectPoint::UpgradeIn, 10), (ConnectPoint::ConnectBegun, 12), (ConnectPoint::ConnectDone, 40)];
        for (point, micros) in connecting {
            bridge.record_connecting(ConnectEvent { point, at: at(micros) });
        }
        server.record_connecting(ConnectEvent { point: ConnectPoint::ServerAccepted, at: at(35) });
        server.record(Event { at: at(60), point: TracePoint::ServerIn, bytes: 1 });
        let trace = store.trace("me", None).unwrap();
        let connecting: Vec<_> = trace.connecting.iter().map(|event| (event.point, event.at.as_micros())).collect();
        use ConnectPoint::{ConnectBegun, ConnectDone, ServerAccepted, UpgradeIn};
        assert_eq!(connecting, [(UpgradeIn, 0), (ConnectBegun, 2), (ServerAccepted, 25), (ConnectDone, 30)]);
        assert_eq!(trace.events[0].at.as_micros(), 50);
        assert!(!trace.clock_step.is_zero() && trace.clock_step < Duration::from_millis(1), "{:?}", trace.clock_step);
    }

    #[test]
    fn a_connection_that_reuses_a_port_is_another_dialogue() {
        let mut store = TraceStore::default();
        let (first, first_log) = store.connected(Hop::Server, from(1));
        record(&first_log, TracePoint::ServerIn);
        let (second, second_log) = store.connected(Hop::Server, from(1));
        assert_ne!(first, second);
        record(&second_log, TracePoint::ServerIn);
        record(&second_log, TracePoint::AnswerReady);
        assert_eq!(points(&store, "127.0.0.1:1").len(), 2);
    }

    #[test]
    fn a_dialogue_through_the_bridge_without_a_name_is_not_kept() {
        let mut store = TraceStore::default();
        let (_, server) = store.connected(Hop::Server, from(1));
        assert!(record(&server, TracePoint::ServerIn));
        let (number, bridge) = store.connected(Hop::Bridge, from(1));
        store.set_name(number, None);
        let (number, other_bridge) = store.connected(Hop::Bridge, from(2));
        store.set_name(number, None);
        let (_, other_server) = store.connected(Hop::Server, from(2));
        for log in [server, bridge, other_server, other_bridge] {
            assert!(!record(&log, TracePoint::AnswerReady));
        }
        assert_eq!(store.trace("127.0.0.1:1", None), None);
    }

    #[test]
    fn the_thinking_of_a_series_is_summed_up_over_its_connections_and_more_events_than_are_kept() {
        let mut store = TraceStore::default();
        let (_, other) = store.connected(Hop::Server, from(9));
        record(&other, TracePoint::ServerIn);
        let begun = Instant::now();
        let at = |micros| begun + Duration::from_micros(micros);
        for port in 0..2 * DIALOGUES_MAX as u16 {
            let (number, _) = store.connected(Hop::Bridge, to_tunnel(10_000 + port));
            store.set_series(number, "series");
            store.ended(number);
            store.connected(Hop::Tunnel, to_tunnel(10_000 + port));
            store.forwarded(number, from(20_000 + port));
            let (_, server) = store.connected(Hop::Server, from(20_000 + port));
            for _ in 0..EVENTS_MAX / DIALOGUES_MAX {
                server.record(Event { at: at(5), point: TracePoint::ServerIn, bytes: 1 });
                assert!(server.record(Event { at: at(12), point: TracePoint::AnswerReady, bytes: 1 }));
            }
        }
        let answers = 2 * EVENTS_MAX as u64;
        let expected = Thinking { answers, total: Duration::from_micros(7 * answers) };
        assert_eq!((store.thinking("series"), store.thinking("another")), (Some(expected), None));
        assert_eq!(points(&store, "series"), [], "events of it are not kept");
        assert_eq!((points(&store, "127.0.0.1:9").len(), store.dialogues.len()), (1, 2), "others are not displaced");
    }

    #[test]
    fn ignored_dialogues_are_evicted_before_named_ones() {
        let mut store = TraceStore::default();
        let named = |store: &mut TraceStore, port, name| {
            let (number, log) = store.connected(Hop::Bridge, from(port));
            store.set_name(number, name);
            (number, log)
        };
        let (_, me) = named(&mut store, 1, Some("me"));
        record(&me, TracePoint::BridgeIn);
        // Through the tunnel: from port 2 to the tunnel, from port 3 to the server.
        let (unnamed, _) = store.connected(Hop::Bridge, to_tunnel(2));
        store.set_name(unnamed, None);
        assert_eq!(store.connected(Hop::Tunnel, to_tunnel(2)).0, unnamed);
        store.forwarded(unnamed, from(3));
        assert_eq!(store.connected(Hop::Server, from(3)).0, unnamed);
        // Each of its ports is reused by a later connection.
        let (_, client) = store.connected(Hop::Server, from(2));
        assert!(record(&client, TracePoint::TunnelIn));
        let (_, you) = named(&mut store, 3, Some("you"));
        assert!(record(&you, TracePoint::BridgeIn));
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
        assert!((0..EVENTS_MAX).all(|_| record(&long, TracePoint::ServerIn)));
        assert!(!record(&long, TracePoint::ServerIn));
        assert!(store.trace("127.0.0.1:1", None).unwrap().is_truncated);
        let (_, forgotten) = store.connected(Hop::Server, from(2));
        for port in 0..2 * DIALOGUES_MAX as u16 {
            let (number, _) = store.connected(Hop::Tunnel, to_tunnel(port));
            store.forwarded(number, from(10_000 + port));
            let (_, server) = store.connected(Hop::Server, from(10_000 + port));
            record(&server, TracePoint::ServerIn);
        }
        assert_eq!(store.trace("127.0.0.1:1", None), None);
        assert!(!record(&forgotten, TracePoint::ServerIn));
        assert_eq!(store.dialogues.len(), DIALOGUES_MAX);
        assert!(store.by_ends.len() <= 2 * DIALOGUES_MAX, "{}", store.by_ends.len());
        assert!(store.same_as.len() <= DIALOGUES_MAX);
    }
}

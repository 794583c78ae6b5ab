//! Tests: which connections belong to which dialogue, and which dialogues are kept.

use std::time::Instant;

use launcelot_measure::{ConnectPoint, TracePoint};

use super::*;
use crate::recorder::connection_log::{ConnectEvent, EVENTS_MAX, Event};

/// The ports of the server and of the tunnel.
const SERVER: u16 = 1060;
const TUNNEL: u16 = 1061;

fn addresses(from: u16, to: u16) -> ConnectionAddresses {
    let [from, to] = [from, to].map(|port| ([127, 0, 0, 1], port).into());
    ConnectionAddresses { from, to }
}

/// A connection to the server.
fn from(port: u16) -> ConnectionAddresses {
    addresses(port, SERVER)
}

/// A connection to the tunnel.
fn to_tunnel(port: u16) -> ConnectionAddresses {
    addresses(port, TUNNEL)
}

fn points(store: &TraceStore, name: &str) -> Vec<TracePoint> {
    store
        .dialogue(name, None)
        .map(|dialogue| dialogue.trace())
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.point)
        .collect()
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
        assert_eq!(points(&store, "127.0.0.1:1"), [TracePoint::TunnelIn, TracePoint::ServerIn], "{server_is_first}");
        assert_eq!(store.dialogues.len(), 1);
    }
}

#[test]
fn two_clients_with_the_same_port_are_distinguished_by_destination() {
    let mut store = TraceStore::default();
    record(&store.connected(Hop::Tunnel, to_tunnel(1)).1, TracePoint::TunnelIn);
    record(&store.connected(Hop::Server, from(1)).1, TracePoint::ServerIn);
    let first_point = |port| {
        store.dialogue("127.0.0.1:1", Some(port)).map(|dialogue| dialogue.trace()).map(|trace| trace.events[0].point)
    };
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
    let connecting = [(ConnectPoint::UpgradeIn, 10), (ConnectPoint::ConnectBegun, 12), (ConnectPoint::ConnectDone, 40)];
    for (point, micros) in connecting {
        bridge.record_connecting(ConnectEvent { point, at: at(micros) });
    }
    server.record_connecting(ConnectEvent { point: ConnectPoint::ServerAccepted, at: at(35) });
    server.record(Event { at: at(60), point: TracePoint::ServerIn, bytes: 1 });
    let trace = store.dialogue("me", None).map(|dialogue| dialogue.trace()).unwrap();
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
fn a_dialogue_through_the_bridge_without_a_name_has_no_trace() {
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
    assert_eq!(store.dialogue("127.0.0.1:1", None).map(|dialogue| dialogue.trace()), None);
}

#[test]
fn the_thinking_of_a_series_is_summed_up_over_all_its_connections_although_no_events_are_kept() {
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
    assert_eq!(
        (
            store.series("series").map(|dialogue| dialogue.thinking()),
            store.series("another").map(|dialogue| dialogue.thinking())
        ),
        (Some(expected), None)
    );
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
    // Later connections reuse the ports of the unnamed dialogue.
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
fn at_most_events_max_events_and_dialogues_max_dialogues_are_kept() {
    let mut store = TraceStore::default();
    let (_, long) = store.connected(Hop::Server, from(1));
    assert!((0..EVENTS_MAX).all(|_| record(&long, TracePoint::ServerIn)));
    assert!(!record(&long, TracePoint::ServerIn));
    assert!(store.dialogue("127.0.0.1:1", None).map(|dialogue| dialogue.trace()).unwrap().is_truncated);
    let (_, forgotten) = store.connected(Hop::Server, from(2));
    for port in 0..2 * DIALOGUES_MAX as u16 {
        let (number, _) = store.connected(Hop::Tunnel, to_tunnel(port));
        store.forwarded(number, from(10_000 + port));
        let (_, server) = store.connected(Hop::Server, from(10_000 + port));
        record(&server, TracePoint::ServerIn);
    }
    assert_eq!(store.dialogue("127.0.0.1:1", None).map(|dialogue| dialogue.trace()), None);
    assert!(!record(&forgotten, TracePoint::ServerIn));
    assert_eq!(store.dialogues.len(), DIALOGUES_MAX);
    assert!(store.by_addresses.len() <= 2 * DIALOGUES_MAX, "{}", store.by_addresses.len());
    assert!(store.same_as.len() <= DIALOGUES_MAX);
}

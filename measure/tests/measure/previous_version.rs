//! Exports of older versions, written by the client and by this crate of that time, still load.

use std::time::Duration;

use launcelot_measure::export::{Document, json};
use launcelot_measure::{Breakdown, Connections, Leg, Link, Order, Preset, Provenance, Stopwatch, paths};

fn read(text: &str) -> Document {
    json::read(text).expect("the document of an older version loads")
}

/// Returns the time waited in the first run, and the server's part of it.
fn waited_and_server(document: &Document) -> (Duration, Option<Duration>) {
    let recorded = &document.runs[0];
    let trace = recorded.trace.as_ref().expect("the run has a trace");
    let breakdown = Breakdown::of(&recorded.run, &paths(&recorded.run, trace)).expect("the run has answers");
    (breakdown.waited, breakdown.leg(Leg::Server))
}

#[test]
fn a_run_through_the_tunnel_loads_with_its_trace_and_its_handshake() {
    let document = read(include_str!("../fixtures/v1-run-through-the-tunnel.json"));
    let run = &document.runs[0].run;
    assert_eq!((run.order, run.answered()), (Order::OneAtATime, 3));
    assert!(run.attributed_handshake.is_some_and(|handshake| handshake >= Duration::from_millis(1)));
    let (waited, server) = waited_and_server(&document);
    assert!(server.is_some_and(|server| server < waited));
}

#[test]
fn a_run_over_the_bridge_loads_with_its_trace() {
    let document = read(include_str!("../fixtures/v1-run-over-the-bridge.json"));
    let run = &document.runs[0].run;
    assert_eq!((run.order, run.answered()), (Order::SentAhead, 3));
    assert!(waited_and_server(&document).1.is_some());
}

#[test]
fn a_race_loads_with_all_its_runs() {
    let document = read(include_str!("../fixtures/v1-race.json"));
    let counts: Vec<_> = document.races[0].heats().into_iter().map(|(turn, _, runs)| (turn, runs.len())).collect();
    assert_eq!(counts, [(0, 1), (0, 1), (0, 3)]);
    assert!(document.all_runs().all(|recorded| recorded.run.attributed_handshake.is_some()));
}

#[test]
fn a_broken_run_loads_with_its_reason() {
    let document = read(include_str!("../fixtures/v1-run-broken.json"));
    let failures = document.runs[0].run.failures(|_, _| false);
    assert_eq!(failures.describe(), "1 × localhost port 40523: waited 10ms for an answer, in vain");
}

#[test]
fn everything_that_a_document_can_hold_loads() {
    let document = read(include_str!("../fixtures/v1-everything.json"));
    assert_eq!((document.runs.len(), document.races.len(), document.rounds.len()), (3, 1, 2));
    assert!(document.runs[0].link.settings().is_some() && document.runs[0].link_revisions.is_some());
    assert!(document.runs[0].trace.as_ref().is_some_and(|trace| trace.events.len() == 22));
    let rounds = &document.rounds[1];
    assert_eq!((rounds.plan.connections, rounds.answered.len(), rounds.errors), (Connections::Each, 130, 2));
    assert!(rounds.link.settings().is_some() && rounds.link_revisions.is_some() && rounds.interruptions.was_hidden);
    assert_eq!(rounds.failures.describe(), "2 × Connection refused, twice");
    assert_eq!(rounds.times(Stopwatch::Question).max(), Some(Duration::from_micros(13)));
}

#[test]
fn everything_that_a_document_of_version_2_can_hold_loads() {
    let document = read(include_str!("../fixtures/v2-everything.json"));
    assert_eq!((document.runs.len(), document.races.len(), document.rounds.len()), (3, 1, 2));
    let rack = Link::Known(Preset::Rack.link());
    assert_eq!((document.runs[0].link, document.runs[2].link, document.rounds[0].link), (rack, Link::Unknown, rack));
    let unknown = Provenance { is_imported: true, ..Provenance::default() };
    assert!(document.all_runs().all(|recorded| recorded.provenance == unknown));
    assert!(document.rounds.iter().all(|rounds| rounds.provenance == unknown && rounds.server_work.is_some()));
}

#[test]
fn a_link_that_changed_is_told_from_none_by_the_revisions_of_version_2() {
    let changed = include_str!("../fixtures/v2-everything.json");
    let known = r#"{"rtt_us":200.0,"jitter_us":0.0,"bandwidth_bits_per_s":10000000000}"#;
    let document = read(&changed.replace(known, "null"));
    assert_eq!([document.runs[0].link, document.runs[2].link], [Link::Changed, Link::Unknown]);
    assert_eq!(document.rounds[0].link, Link::Changed);
}

#[test]
fn a_link_of_none_is_unknown_in_a_document_of_version_3_and_known_in_one_of_version_4() {
    let mut document = read(include_str!("../fixtures/v2-everything.json"));
    document.runs[2].link = Link::None;
    document.rounds[0].link = Link::None;
    document.rounds[0].link_revisions = None;
    let written = json::write(&document);
    assert!(written.contains(r#""link":"none""#), "{written}");
    assert_eq!(json::read(&written), Ok(document));
    let read = read(&written.replacen(r#""version":4"#, r#""version":3"#, 1));
    assert_eq!((read.runs[2].link, read.rounds[0].link), (Link::Unknown, Link::Unknown));
}

#[test]
fn an_imported_document_is_written_as_the_current_version() {
    let document = read(include_str!("../fixtures/v1-everything.json"));
    let written = json::write(&document);
    assert!(written.starts_with(r#"{"format":"launcelot","version":4,"#), "{}", &written[..60]);
    assert_eq!(json::read(&written), Ok(document));
}

//! Traces of dialogues, as the lab's API returns them.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use crate::support::attempts::{check, within_attempts, within_attempts_async};
use crate::support::demo::Demo;
use crate::support::{schema, sockets, wait};
use clap::Parser as _;
use launcelot_client::command_line::CommandLine;
use launcelot_client::{DialogueConfig, Target, ask};
use launcelot_measure::export::Document;
use launcelot_measure::{ConnectPoint, Leg, LinkReport, Order, Run, Span, Trace, TracePoint, paths};
use launcelot_protocol::{Framing, Question};
use launcelot_testing::http;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The timeout of the clients, which no wait in these tests reaches.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(20);

fn demo(arguments: &[&str]) -> (Demo, TempDir) {
    let web = tempfile::tempdir().unwrap();
    std::fs::write(web.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    (Demo::start(web.path(), arguments), web)
}

async fn asked(target: &str, port: Option<u16>, order: Order) -> Run {
    let target = Target::parse(target, port).unwrap();
    let config = DialogueConfig {
        target,
        order,
        questions: Question::the_three(),
        framing: Framing::default(),
        timeout: CLIENT_TIMEOUT,
    };
    let (run, result) = ask(&config, |_| ()).await;
    result.unwrap();
    run
}

/// Sends an HTTP request, and returns the status, the body and the head of the response.
fn http(port: u16, request: &str, body: &str) -> (u16, String, String) {
    let http::Response { status, head, body } = http::request(port, request, body);
    assert!(head.matches("\r\ncontent-type: ").count() <= 1, "{head}");
    (status, body, head)
}

fn get(port: u16, path: &str) -> (u16, Value) {
    let (status, body, _) = http(port, &format!("GET {path}"), "");
    (status, serde_json::from_str(&body).unwrap())
}

/// Returns the trace of a dialogue once `is_complete` returns true: a client may have an answer before the last hop has
/// recorded it.
fn trace(port: u16, name: &str, is_complete: impl Fn(&Trace) -> bool) -> Trace {
    wait::until(&format!("the trace of {name}"), || {
        let (status, body) = get(port, &format!("/api/traces/{name}"));
        if status != 200 {
            return None;
        }
        schema::assert_valid(include_str!("../../schema/trace.schema.json"), &body);
        let trace: Trace = serde_json::from_value(body).unwrap();
        is_complete(&trace).then_some(trace)
    })
}

fn events_at(trace: &Trace, point: TracePoint) -> usize {
    trace.events.iter().filter(|event| event.point == point).count()
}

fn points(trace: &Trace) -> Vec<TracePoint> {
    trace.events.iter().map(|event| event.point).collect()
}

fn is_accept(point: ConnectPoint) -> bool {
    matches!(point, ConnectPoint::TunnelAccepted | ConnectPoint::ServerAccepted)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hop_is_traced_in_the_order_of_the_path() {
    let (demo, _web) = demo(&[]);
    let link = json!({ "rtt_us": 20_000 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/tunnel", &link).0, 200);
    let url = format!("ws://localhost:{}/ws/tunnel?dialogue=all-the-way", demo.page_port);
    let run = asked(&url, None, Order::OneAtATime).await;
    let trace = trace(demo.page_port, "all-the-way", |trace| events_at(trace, TracePoint::BridgeBackOut) == 3);
    let expected: Vec<TracePoint> = (0..3).flat_map(|_| TracePoint::ALL).collect();
    assert_eq!(points(&trace), expected);
    for (path, asked) in paths(&run, &trace).questions().iter().zip(&run.questions) {
        let out = path.between(TracePoint::TunnelIn, TracePoint::TunnelOut).unwrap();
        let in_the_tunnel = out + path.between(TracePoint::TunnelBackIn, TracePoint::TunnelBackOut).unwrap();
        assert!(in_the_tunnel >= Duration::from_millis(20), "{in_the_tunnel:?}");
        assert!(in_the_tunnel + path.thinking().unwrap() < asked.took().unwrap());
    }
    let connecting: Vec<_> = trace.connecting.iter().map(|event| event.point).collect();
    // Other threads report the accepts, so only the bridge's own points are in order.
    assert!(
        ConnectPoint::ALL.iter().all(|point| connecting.contains(point)) && connecting.len() == 6,
        "{connecting:?}"
    );
    let of_the_bridge = connecting.iter().filter(|point| !is_accept(**point));
    assert!(of_the_bridge.is_sorted(), "{connecting:?}");
    assert!(!trace.clock_step.is_zero());
    // Connecting is cut into legs that add up, and its connect() lasts for the round trip of the handshake.
    let paths_of_run = paths(&run, &trace);
    let connecting = paths_of_run.connecting().unwrap();
    let sum: Duration = connecting.legs().iter().map(|(_, span)| span.took()).sum();
    assert_eq!(Some(sum), run.connecting.map(Span::took));
    assert!(connecting.took(Leg::Connect).unwrap() >= Duration::from_millis(20), "{connecting:?}");
    assert!(connecting.took(Leg::Unknown).is_none() && connecting.took(Leg::Bridge).is_some(), "{connecting:?}");
    let (_, report) = get(demo.page_port, "/api/tunnel");
    schema::assert_valid(include_str!("../../schema/tunnel.schema.json"), &report);
    let report: LinkReport = serde_json::from_value(report).unwrap();
    let delay = report.added_delay.unwrap();
    assert!(delay.samples >= 3 && delay.total >= report.link.rtt && delay.connections == 1, "{report:?}");
    assert_eq!((report.link.rtt, report.port), (Duration::from_millis(20), demo.tunnel_port));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_the_tunnel_has_no_tunnel_events_and_pipelined_questions_are_traced_together() {
    let (demo, _web) = demo(&[]);
    let url = format!("ws://localhost:{}/ws?dialogue=straight", demo.page_port);
    let run = asked(&url, None, Order::SentAhead).await;
    let bytes = |trace: &Trace, point| -> u64 {
        trace.events.iter().filter(|event| event.point == point).map(|event| event.bytes).sum()
    };
    let trace = trace(demo.page_port, "straight", |trace| bytes(trace, TracePoint::BridgeBackOut) == 63);
    assert_eq!((bytes(&trace, TracePoint::BridgeIn), bytes(&trace, TracePoint::ServerIn)), (65, 65));
    assert_eq!(bytes(&trace, TracePoint::TunnelIn), 0);
    assert!(
        paths(&run, &trace)
            .questions()
            .iter()
            .all(|path| path.thinking().is_some() && path.at(TracePoint::TunnelIn).is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_bridge_are_identified_by_their_addresses() {
    let (demo, _web) = demo(&[]);
    let server_port = demo.server_port;
    let tunnel_port = demo.tunnel_port;
    let clients = [server_port, tunnel_port, server_port, tunnel_port].map(|port| {
        std::thread::spawn(move || {
            let mut stream = sockets::connect(port);
            for question in Question::the_three() {
                stream.write_all(question.as_bytes()).unwrap();
                assert!(stream.read(&mut [0; 64]).unwrap() > 0);
            }
            (stream.local_addr().unwrap(), port == tunnel_port)
        })
    });
    for client in clients {
        let (address, through_the_tunnel) = wait::join(client, "a client");
        let last = if through_the_tunnel { TracePoint::TunnelBackOut } else { TracePoint::AnswerOut };
        let trace = trace(demo.page_port, &address.to_string(), |trace| events_at(trace, last) == 3);
        let seen = if through_the_tunnel { &TracePoint::ALL[2..9] } else { &TracePoint::ALL[4..7] };
        assert_eq!(points(&trace), seen.repeat(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialogue_with_worker_processes_is_traced_at_the_bridge_but_not_at_the_server() {
    let (demo, _web) = demo(&["--design", "processes"]);
    let url = format!("ws://localhost:{}/ws?dialogue=workers", demo.page_port);
    let run = asked(&url, None, Order::OneAtATime).await;
    let trace = trace(demo.page_port, "workers", |trace| events_at(trace, TracePoint::BridgeBackOut) == 3);
    assert!(
        paths(&run, &trace)
            .questions()
            .iter()
            .all(|path| path.thinking().is_none() && path.at(TracePoint::BridgeIn).is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_client_reports_where_its_time_went_with_and_without_a_bridge() {
    let (demo, _web) = demo(&["--design", "poll"]);
    // The round trip is much longer than scheduling delays.
    let link = json!({ "rtt_us": 100_000 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/tunnel", &link).0, 200);
    let bridge = Target::parse(&format!("ws://localhost:{}/ws/tunnel", demo.page_port), None).unwrap();
    let tunnel = Target::parse("localhost", Some(demo.tunnel_port)).unwrap();
    let lab = ("localhost".to_owned(), demo.page_port);
    for (target, lab) in [(bridge, None), (tunnel, Some(&lab))] {
        let mut attempt = 0;
        within_attempts_async(5, async || {
            attempt += 1;
            let name = format!("native-{attempt}");
            let target = target.clone().with_dialogue_name(name.clone()).0;
            let config = DialogueConfig {
                target,
                order: Order::OneAtATime,
                questions: Question::the_three(),
                framing: Framing::default(),
                timeout: CLIENT_TIMEOUT,
            };
            let (record, result) = launcelot_client::ask::ask_recorded(&config, |_| ()).await;
            result.unwrap();
            let trace =
                launcelot_client::lab::fetch_trace(&config.target, lab, &name, record.local, CLIENT_TIMEOUT).await;
            let report = launcelot_client::report::legs::legs(&record.run, Ok(&trace.unwrap()));
            // Sentences are wrapped at 80 columns.
            let sentence = report.replace('\n', " ");
            let parts = [
                "The tunnel emulates a longer link. Delay added, both ways: ",
                " since the link was set). Set: 100 ms.",
                "The server spent ",
            ];
            assert!(parts.iter().all(|part| sentence.contains(part)), "{report}");
            let before = sentence.split(" % of that was ").next().unwrap();
            let percent: f64 = before.rsplit(' ').next().unwrap().parse().unwrap();
            // Most of the 100 ms of a question is the tunnel's, unless the machine is very busy.
            check((50.0..100.0).contains(&percent), || report)
        })
        .await;
    }
}

/// Checks that of the emulated 100 ms, enough was attributed to connecting. A busy machine makes the offset of the clocks
/// uncertain, and with it how much is attributed.
fn check_attributed_handshake(run: &Run) -> Result<(), String> {
    let attributed = run.attributed_handshake.ok_or_else(|| format!("nothing was attributed: {run:?}"))?;
    check(attributed >= Duration::from_millis(50), || format!("{attributed:?} of 100 ms were attributed"))?;
    assert!(run.connecting.unwrap().took() >= attributed);
    Ok(())
}

#[test]
fn a_native_client_attributes_the_emulated_handshake_to_connecting() {
    let (demo, _web) = demo(&[]);
    let link = json!({ "rtt_us": 100_000 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/tunnel", &link).0, 200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let lab = format!("localhost:{}", demo.page_port);
    let tunnel = demo.tunnel_port.to_string();
    for order in [&[][..], &["--pipelined"], &["--ask", "What is your name?"]] {
        let plain = ["localhost", &tunnel, "--timing", "--trace", "--lab", &lab, "--export", file.to_str().unwrap()];
        let arguments: Vec<&str> = plain.iter().chain(order).copied().collect();
        let command_line = CommandLine::try_parse_from(["launcelot-client"].iter().chain(&arguments)).unwrap();
        within_attempts(5, || {
            launcelot_client::command_line::run(&command_line).unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            let written: Value = serde_json::from_str(&text).unwrap();
            schema::assert_valid(include_str!("../../../measure/schema/export.schema.json"), &written);
            let document: Document = serde_json::from_str(&text).unwrap();
            assert_eq!(document.runs[0].provenance.server_design.as_deref(), Some("async"));
            let run = &document.runs[0].run;
            check_attributed_handshake(run)?;
            let first = run.questions[0].took().unwrap();
            check(first >= Duration::from_millis(50), || format!("the first question took {first:?}, {order:?}"))?;
            let report = launcelot_client::report::timing::timing(run).replace('\n', " ");
            assert!(
                report.contains("(connecting)*") && report.contains("attributed as the lab reported it, not measured"),
                "{report}"
            );
            Ok(())
        });
    }
}

#[test]
fn a_race_through_the_tunnel_attributes_the_handshake_of_every_connection() {
    let (demo, _web) = demo(&[]);
    let link = json!({ "rtt_us": 100_000 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/tunnel", &link).0, 200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("race.json");
    let lab = format!("localhost:{}", demo.page_port);
    let tunnel = demo.tunnel_port.to_string();
    let arguments =
        ["launcelot-client", "localhost", &tunnel, "--race", "--lab", &lab, "--export", file.to_str().unwrap()];
    let command_line = CommandLine::try_parse_from(arguments).unwrap();
    within_attempts(5, || {
        launcelot_client::command_line::run(&command_line).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        schema::assert_valid(
            include_str!("../../../measure/schema/export.schema.json"),
            &serde_json::from_str(&text).unwrap(),
        );
        let document: Document = serde_json::from_str(&text).unwrap();
        let runs: Vec<_> = document.all_runs().map(|recorded| &recorded.run).collect();
        assert_eq!(runs.len() % 5, 0, "each turn has a connection for the first two ways, and three for the last");
        runs.into_iter().try_for_each(check_attributed_handshake)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thinking_in_a_series_is_summed_over_its_connections_on_both_paths() {
    let (demo, _web) = demo(&["--think", "5ms"]);
    for (path, connections) in [("/ws", 3), ("/ws/tunnel", 2)] {
        let name = format!("series-{connections}");
        let url = format!("ws://localhost:{}{path}?series={name}", demo.page_port);
        for _ in 0..connections {
            asked(&url, None, Order::OneAtATime).await;
        }
        let (status, series) = get(demo.page_port, &format!("/api/series/{name}"));
        assert_eq!(status, 200, "{series}");
        schema::assert_valid(include_str!("../../schema/series.schema.json"), &series);
        let answers = 3 * connections;
        assert_eq!(series["answers"], answers, "{series}");
        assert_eq!(series["server_design"], "async", "{series}");
        assert!(series["thinking_us"].as_f64().unwrap() >= 5_000.0 * f64::from(answers), "{series}");
        let (_, trace) = get(demo.page_port, &format!("/api/traces/{name}"));
        assert_eq!(trace["events"], json!([]), "events of a series are not kept");
    }
    assert_eq!(get(demo.page_port, "/api/series/unknown").0, 404);
}

#[test]
fn invalid_link_settings_and_unknown_dialogues_are_refused_with_a_reason() {
    let (demo, _web) = demo(&[]);
    let before = get(demo.page_port, "/api/tunnel").1;
    assert_eq!(before["link"]["rtt_us"], 1300.0);
    let cases = [
        ("", "invalid link settings"),
        ("[]", "invalid link settings"),
        (r#"{"rtt_us": -1}"#, "invalid link settings"),
        (r#"{"rtt_us": 1e9}"#, "at most 10 seconds"),
        (r#"{"rtt_us": 0, "bandwidth_bits_per_s": 0}"#, "invalid link settings"),
        (r#"{"rtt_us": 0, "bandwidth_bits_per_s": 10}"#, "at least 1000"),
        (r#"{"rtt_us": 0, "jiter_us": 5}"#, "unknown field"),
    ];
    for (body, expected) in cases {
        let (status, answer, _) = http(demo.page_port, "PUT /api/tunnel", body);
        assert_eq!(status, 400, "{body}");
        assert!(answer.contains(expected), "{body}: {answer}");
    }
    assert_eq!(get(demo.page_port, "/api/tunnel").1["link"], before["link"]);
    let (status, answer) = get(demo.page_port, "/api/traces/unknown");
    assert_eq!(status, 404);
    assert!(answer["error"].as_str().unwrap().contains("no trace of a dialogue 'unknown'"));
}

#[test]
fn pages_of_loopback_origins_may_use_the_api_and_others_may_not() {
    let (demo, _web) = demo(&[]);
    let request = |method: &str, origin: &str| format!("{method} /api/tunnel\r\nOrigin: {origin}");
    let trunk = "http://localhost:8000";
    let (status, _, head) = http(demo.page_port, &request("OPTIONS", trunk), "");
    assert_eq!(status, 204);
    assert!(head.contains("access-control-allow-methods: get, put"), "{head}");
    assert!(head.contains("access-control-allow-headers: content-type"), "{head}");
    let (status, _, head) = http(demo.page_port, &request("GET", trunk), "");
    assert_eq!(status, 200);
    assert!(head.contains(&format!("access-control-allow-origin: {trunk}")), "{head}");
    let before = get(demo.page_port, "/api/tunnel").1;
    let (status, ..) = http(demo.page_port, &request("PUT", "https://evil.example"), r#"{"rtt_us": 9}"#);
    assert_eq!(status, 403);
    for (path, origin) in [("/api/tunnel", "https://evil.example"), ("/api/traces/some", "null")] {
        let (status, answer, head) = http(demo.page_port, &format!("GET {path}\r\nOrigin: {origin}"), "");
        assert_eq!(status, 403, "{path}: {answer}");
        assert!(
            !head.contains("access-control-allow-origin") && answer.contains("may not use this lab"),
            "{head}{answer}"
        );
    }
    assert_eq!(get(demo.page_port, "/api/tunnel").1["link"], before["link"]);
}

//! What the lab sees of a dialogue on its way, over real sockets and over HTTP.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is how a failure is told")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use launcelot_client::{Plan, Target, ask};
use launcelot_measure::{Order, Point, Run, Trace, WireReport, paths};
use launcelot_protocol::Question;
use serde_json::{Value, json};
use support::house::Lab;
use tempfile::TempDir;

/// Longer than anything here takes.
const HANGS: Duration = Duration::from_secs(20);

fn lab(arguments: &[&str]) -> (Lab, TempDir) {
    let web = tempfile::tempdir().unwrap();
    std::fs::write(web.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    (Lab::start(web.path(), arguments), web)
}

async fn asked(target: &str, port: Option<u16>, order: Order) -> Run {
    let target = Target::parse(target, port).unwrap();
    let plan = Plan { target, order, questions: Question::the_three(), timeout: HANGS };
    let (run, result) = ask(&plan, |_| Ok(())).await;
    result.unwrap();
    run
}

/// The status and the body of an answer, and its head as it came.
fn http(port: u16, request: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(HANGS)).unwrap();
    let length = body.len();
    let head = format!("{request}\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.matches("\r\ncontent-type: ").count() <= 1, "{head}");
    (status, body.to_owned(), head)
}

/// Whether a schema of this crate holds for what was answered.
fn holds(schema: &str, answer: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let errors: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(answer).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {answer}");
}

fn get(port: u16, path: &str) -> (u16, Value) {
    let (status, body, _) = http(port, &format!("GET {path} HTTP/1.1"), "");
    (status, serde_json::from_str(&body).unwrap())
}

/// The trace of a dialogue once so many answers of it have been seen everywhere: the last station tells just
/// after the answer has gone.
fn trace(port: u16, name: &str, is_whole: impl Fn(&Trace) -> bool) -> Trace {
    let began = Instant::now();
    loop {
        let (status, body) = get(port, &format!("/api/dialogues/{name}"));
        if status == 200 {
            holds(include_str!("../schema/trace.schema.json"), &body);
            let trace: Trace = serde_json::from_value(body).unwrap();
            if is_whole(&trace) {
                return trace;
            }
        }
        assert!(began.elapsed() < HANGS, "{name} is not seen");
    }
}

fn answers_seen(trace: &Trace, point: Point) -> usize {
    trace.sightings.iter().filter(|sighting| sighting.point == point).count()
}

fn points(trace: &Trace) -> Vec<Point> {
    trace.sightings.iter().map(|sighting| sighting.point).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_station_on_the_way_is_seen_in_the_order_of_the_way() {
    let (lab, _web) = lab(&[]);
    let wire = json!({ "rtt_us": 20_000 }).to_string();
    assert_eq!(http(lab.page_port, "PUT /api/tunnel HTTP/1.1", &wire).0, 200);
    let url = format!("ws://localhost:{}/ws/tunnel?dialogue=all-the-way", lab.page_port);
    let run = asked(&url, None, Order::OneAtATime).await;
    let trace = trace(lab.page_port, "all-the-way", |trace| answers_seen(trace, Point::BridgeBackOut) == 3);
    let expected: Vec<Point> = (0..3).flat_map(|_| Point::ALL).collect();
    assert_eq!(points(&trace), expected);
    for (path, asked) in paths(&run, &trace).questions().iter().zip(&run.questions) {
        let there = path.between(Point::TunnelIn, Point::TunnelOut).unwrap();
        let in_the_tunnel = there + path.between(Point::TunnelBackIn, Point::TunnelBackOut).unwrap();
        assert!(in_the_tunnel >= Duration::from_millis(20), "{in_the_tunnel:?}");
        assert!(in_the_tunnel + path.thinking().unwrap() < asked.took().unwrap());
    }
    let (_, report) = get(lab.page_port, "/api/tunnel");
    holds(include_str!("../schema/tunnel.schema.json"), &report);
    let report: WireReport = serde_json::from_value(report).unwrap();
    let measured = report.measured.unwrap();
    assert!(measured.samples >= 3 && measured.rtt >= report.wire.rtt, "{report:?}");
    assert_eq!((report.wire.rtt, report.port), (Duration::from_millis(20), lab.tunnel_port));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_straight_way_has_no_tunnel_and_sent_ahead_is_seen_together() {
    let (lab, _web) = lab(&[]);
    let url = format!("ws://localhost:{}/ws?dialogue=straight", lab.page_port);
    let run = asked(&url, None, Order::SentAhead).await;
    let bytes = |trace: &Trace, point| -> u64 {
        trace.sightings.iter().filter(|sighting| sighting.point == point).map(|sighting| sighting.bytes).sum()
    };
    let trace = trace(lab.page_port, "straight", |trace| bytes(trace, Point::BridgeBackOut) == 63);
    assert_eq!((bytes(&trace, Point::BridgeIn), bytes(&trace, Point::ServerIn)), (65, 65));
    assert_eq!(bytes(&trace, Point::TunnelIn), 0);
    assert!(
        paths(&run, &trace)
            .questions()
            .iter()
            .all(|path| path.thinking().is_some() && path.at(Point::TunnelIn).is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_without_the_bridge_is_known_by_its_address_and_nobody_is_mixed_up() {
    let (lab, _web) = lab(&[]);
    let (server_port, tunnel_port) = (lab.server_port, lab.tunnel_port);
    let clients = [server_port, tunnel_port, server_port, tunnel_port].map(|port| {
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.set_read_timeout(Some(HANGS)).unwrap();
            for question in Question::the_three() {
                stream.write_all(question.as_bytes()).unwrap();
                assert!(stream.read(&mut [0; 64]).unwrap() > 0);
            }
            (stream.local_addr().unwrap(), port == tunnel_port)
        })
    });
    for client in clients {
        let (address, through_the_tunnel) = client.join().unwrap();
        let last = if through_the_tunnel { Point::TunnelBackOut } else { Point::AnswerOut };
        let trace = trace(lab.page_port, &address.to_string(), |trace| answers_seen(trace, last) == 3);
        let seen = if through_the_tunnel { &Point::ALL[2..9] } else { &Point::ALL[4..7] };
        assert_eq!(points(&trace), seen.repeat(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_worker_processes_the_server_s_part_is_not_seen() {
    let (lab, _web) = lab(&["--design", "processes"]);
    let url = format!("ws://localhost:{}/ws?dialogue=workers", lab.page_port);
    let run = asked(&url, None, Order::OneAtATime).await;
    let trace = trace(lab.page_port, "workers", |trace| answers_seen(trace, Point::BridgeBackOut) == 3);
    assert!(
        paths(&run, &trace)
            .questions()
            .iter()
            .all(|path| path.thinking().is_none() && path.at(Point::BridgeIn).is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_client_gets_to_know_where_its_time_went_with_a_bridge_and_without() {
    let (lab, _web) = lab(&["--design", "poll"]);
    let bridge = Target::parse(&format!("ws://localhost:{}/ws/tunnel", lab.page_port), None).unwrap();
    let tunnel = Target::parse("localhost", Some(lab.tunnel_port)).unwrap();
    let place = ("localhost".to_owned(), lab.page_port);
    for (target, place) in [(bridge.named("native".to_owned()).0, None), (tunnel, Some(&place))] {
        let plan = Plan { target, order: Order::OneAtATime, questions: Question::the_three(), timeout: HANGS };
        let (account, result) = launcelot_client::ask::ask_and_account(&plan, |_| Ok(())).await;
        result.unwrap();
        let seen = launcelot_client::lab::seen(&plan.target, place, "native", account.local, HANGS).await.unwrap();
        let report = launcelot_client::report::legs::legs(&account.run, Ok(&seen));
        assert!(
            report.contains("\nThe longer wire is set to 1.30 ms, jitter up to 150 µs there and back; measured: 1."),
            "{report}"
        );
        assert!(report.contains("The server thought for "), "{report}");
        let percent: f64 = report.split(" For ").nth(1).unwrap().split(" %").next().unwrap().parse().unwrap();
        assert!((50.0..100.0).contains(&percent), "of 1.3 ms a question, most is the longer wire's: {report}");
    }
}

#[test]
fn what_no_wire_can_be_and_who_was_not_seen_is_said_in_words() {
    let (lab, _web) = lab(&[]);
    let before = get(lab.page_port, "/api/tunnel").1;
    assert_eq!(before["wire"]["rtt_us"], 1300.0);
    let cases = [
        ("", "no wire"),
        ("[]", "no wire"),
        (r#"{"rtt_us": -1}"#, "no wire"),
        (r#"{"rtt_us": 1e9}"#, "at most 10 seconds"),
        (r#"{"rtt_us": 0, "bandwidth_bits_per_s": 0}"#, "no wire"),
        (r#"{"rtt_us": 0, "bandwidth_bits_per_s": 10}"#, "at least 1000"),
        (r#"{"rtt_us": 0, "jiter_us": 5}"#, "unknown field"),
    ];
    for (body, expected) in cases {
        let (status, said, _) = http(lab.page_port, "PUT /api/tunnel HTTP/1.1", body);
        assert_eq!(status, 400, "{body}");
        assert!(said.contains(expected), "{body}: {said}");
    }
    assert_eq!(get(lab.page_port, "/api/tunnel").1["wire"], before["wire"]);
    let (status, said) = get(lab.page_port, "/api/dialogues/nobody");
    assert_eq!(status, 404);
    assert!(said["error"].as_str().unwrap().contains("no dialogue"));
}

#[test]
fn pages_of_this_machine_may_ask_and_foreign_ones_may_not() {
    let (lab, _web) = lab(&[]);
    let request = |method: &str, origin: &str| format!("{method} /api/tunnel HTTP/1.1\r\nOrigin: {origin}");
    let trunk = "http://localhost:8000";
    let (status, _, head) = http(lab.page_port, &request("OPTIONS", trunk), "");
    assert_eq!(status, 204);
    assert!(head.contains("access-control-allow-methods: get, put"), "{head}");
    assert!(head.contains("access-control-allow-headers: content-type"), "{head}");
    let (status, _, head) = http(lab.page_port, &request("GET", trunk), "");
    assert_eq!(status, 200);
    assert!(head.contains(&format!("access-control-allow-origin: {trunk}")), "{head}");
    let before = get(lab.page_port, "/api/tunnel").1;
    let (status, ..) = http(lab.page_port, &request("PUT", "https://evil.example"), r#"{"rtt_us": 9}"#);
    assert_eq!(status, 403);
    for (what, origin) in [("/api/tunnel", "https://evil.example"), ("/api/dialogues/some", "null")] {
        let (status, said, head) = http(lab.page_port, &format!("GET {what} HTTP/1.1\r\nOrigin: {origin}"), "");
        assert_eq!(status, 403, "{what}: {said}");
        assert!(!head.contains("access-control-allow-origin") && said.contains("may not use this lab"), "{head}{said}");
    }
    assert_eq!(get(lab.page_port, "/api/tunnel").1["wire"], before["wire"]);
}

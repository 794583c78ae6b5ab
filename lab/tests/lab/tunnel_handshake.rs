//! The emulated handshake: a connection through the tunnel costs one round trip before its first bytes pass.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_lab::tunnel::handshake::HandshakeError;
use launcelot_lab::tunnel::{Tunnel, TunnelSettings};
use launcelot_measure::{LinkSettings, Preset};
use launcelot_testing::http;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::attempts::{check, within_attempts};
use crate::support::demo::Demo;
use crate::support::ports::ReservedPort;
use crate::support::sockets::{connect, serve_each};
use crate::support::{schema, wait};

/// Longer than the delays of a busy machine.
const RTT: Duration = Duration::from_millis(200);

const QUESTION: &[u8] = b"What is your favorite color?";
const ANSWER: &[u8] = b"Blue.";

fn settings(handshake: bool) -> TunnelSettings {
    TunnelSettings {
        link: LinkSettings { rtt: RTT, ..LinkSettings::default() },
        handshake,
        ..TunnelSettings::default()
    }
}

fn tunnel_to(address: SocketAddr, settings: TunnelSettings) -> Tunnel {
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    Tunnel::start(listeners, vec![address], settings, Duration::ZERO, None).unwrap()
}

/// Starts a server that first sends each client one byte, and gives the same answer to each question.
fn server() -> SocketAddr {
    serve_each(|mut client| {
        client.write_all(b"!").unwrap();
        while client.read_exact(&mut [0; QUESTION.len()]).is_ok() {
            client.write_all(ANSWER).unwrap();
        }
    })
}

/// Returns the times of the greeting and the first answer since connecting, and the time that the second answer took.
fn times(port: u16) -> [Duration; 3] {
    let began = Instant::now();
    let mut client = connect(port);
    client.write_all(QUESTION).unwrap();
    client.read_exact(&mut [0]).unwrap();
    let greeting = began.elapsed();
    client.read_exact(&mut [0; ANSWER.len()]).unwrap();
    let first = began.elapsed();
    let asked = Instant::now();
    ask(&mut client);
    [greeting, first, asked.elapsed()]
}

#[test]
fn a_connection_costs_one_round_trip_before_its_first_bytes_pass() {
    let address = server();
    let tunnel = tunnel_to(address, settings(true));
    let [greeting, first, second] = times(tunnel.port);
    eprintln!("with a handshake: greeting after {greeting:?}, answers after {first:?} and {second:?}");
    assert!(greeting >= RTT && first >= 2 * RTT && second >= RTT);
    tunnel.set(settings(false));
    within_attempts(10, || {
        let [greeting, first, second] = times(tunnel.port);
        eprintln!("without: greeting after {greeting:?}, answers after {first:?} and {second:?}");
        assert!(greeting >= RTT && first >= RTT && second >= RTT);
        check(first < 2 * RTT, || format!("the first answer took {first:?}"))
    });
}

#[test]
fn every_preset_has_a_handshake() {
    assert!(Preset::ALL.into_iter().all(|preset| TunnelSettings::preset(preset).handshake));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_the_same_process_can_wait_until_a_connection_is_open() {
    let tunnel = tunnel_to(server(), settings(true));
    let began = Instant::now();
    let client = connect(tunnel.port);
    let held = tunnel.handle().handshake(client.local_addr().unwrap(), began).await.unwrap();
    assert!(held >= RTT && began.elapsed() >= held, "{held:?}");
    // Without a handshake, a connection is open as soon as the tunnel has accepted.
    tunnel.set(settings(false));
    let client = connect(tunnel.port);
    assert_eq!(tunnel.handle().handshake(client.local_addr().unwrap(), began).await, Ok(Duration::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_of_a_connection_that_the_server_refuses_fails() {
    let port = ReservedPort::new();
    let tunnel = tunnel_to(port.address(), settings(true));
    let began = Instant::now();
    let mut client = connect(tunnel.port);
    assert_eq!(tunnel.handle().handshake(client.local_addr().unwrap(), began).await, Err(HandshakeError));
    assert!(began.elapsed() >= RTT);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// The demo with a small page.
struct Lab {
    demo: Demo,
    _page: TempDir,
}

impl Lab {
    fn start() -> Self {
        let page = tempfile::tempdir().unwrap();
        std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
        Self { demo: Demo::start(page.path(), &[]), _page: page }
    }

    fn http(&self, request: &str, body: &str) -> (u16, Value) {
        let response = http::request(self.demo.page_port, request, body);
        (response.status, serde_json::from_str(&response.body).unwrap())
    }

    fn put(&self, link: &Value) -> Value {
        let (status, answer) = self.http("PUT /api/tunnel", &link.to_string());
        assert_eq!(status, 200, "{answer}");
        schema::assert_valid(include_str!("../../schema/tunnel.schema.json"), &answer);
        answer
    }

    /// Returns the field `tunnel` of the trace of the client's dialogue, once `is_complete` returns true for it.
    fn transit(&self, client: &TcpStream, is_complete: impl Fn(&Value) -> bool) -> Value {
        let path = format!("GET /api/traces/{}", client.local_addr().unwrap());
        wait::until("the trace of the dialogue", || {
            let (status, trace) = self.http(&path, "");
            if status != 200 {
                return None;
            }
            schema::assert_valid(include_str!("../../schema/trace.schema.json"), &trace);
            is_complete(&trace["tunnel"]).then(|| trace["tunnel"].clone())
        })
    }
}

fn ask(client: &mut TcpStream) {
    client.write_all(QUESTION).unwrap();
    client.read_exact(&mut [0; ANSWER.len()]).unwrap();
}

#[test]
fn every_change_of_the_settings_raises_their_revision_and_traces_report_it() {
    let lab = Lab::start();
    let (_, report) = lab.http("GET /api/tunnel", "");
    schema::assert_valid(include_str!("../../schema/tunnel.schema.json"), &report);
    assert_eq!(
        (&report["revision"], &report["handshake"], &report["added_delay"]),
        (&json!(1), &json!(true), &Value::Null)
    );
    let instance = &report["instance"];

    let report = lab.put(&json!({ "rtt_us": 20_000 }));
    assert_eq!((&report["revision"], &report["instance"], &report["handshake"]), (&json!(2), instance, &json!(true)));
    assert_eq!(lab.put(&json!({ "rtt_us": 20_000 }))["revision"], 2, "equal settings are not a change");

    let mut client = connect(lab.demo.tunnel_port);
    ask(&mut client);
    let transit = lab.transit(&client, |transit| !transit["handshake_us"].is_null());
    assert_eq!((&transit["first_revision"], &transit["last_revision"]), (&json!(2), &json!(2)));
    assert!(&transit["instance"] == instance && transit["handshake_us"].as_f64().unwrap() >= 20_000.0, "{transit}");

    assert_eq!(lab.put(&json!({ "rtt_us": 0, "handshake": false }))["revision"], 3);
    ask(&mut client);
    let transit = lab.transit(&client, |transit| transit["last_revision"] == 3);
    assert_eq!(transit["first_revision"], 2, "the settings changed in between");
    drop(client);
    assert_eq!(lab.put(&json!({ "rtt_us": 1_000 }))["handshake"], false, "a missing field leaves its setting as it is");

    let mut client = connect(lab.demo.tunnel_port);
    ask(&mut client);
    ask(&mut client);
    let transit = lab.transit(&client, |transit| !transit.is_null());
    assert_eq!((&transit["first_revision"], &transit["handshake_us"]), (&json!(4), &Value::Null));
    let (_, report) = lab.http("GET /api/tunnel", "");
    let delay = &report["added_delay"];
    assert_eq!((&delay["connections"], &delay["samples"]), (&json!(1), &json!(2)));
    let us = |value: &Value| value.as_f64().unwrap();
    assert!((us(&delay["total_us"]) - us(&delay["out_us"]) - us(&delay["back_us"])).abs() < 0.01, "{delay}");
    assert!(us(&delay["total_us"]) >= 1_000.0 && us(&report["in_force_us"]) >= us(&delay["total_us"]), "{report}");

    assert_ne!(
        &Lab::start().http("GET /api/tunnel", "").1["instance"],
        instance,
        "a restart has an instance of its own"
    );
}

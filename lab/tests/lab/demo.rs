//! The demo as a program: its page, its connections, its errors and its shutdown.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::time::Duration;

use launcelot_client::{DialogueConfig, Target, ask};
use launcelot_measure::{LinkReport, Order, Preset};
use launcelot_protocol::{EXCHANGES, Framing, Question};
use launcelot_testing::http;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::demo::{self, ANY_PORTS, Demo};
use crate::support::process::{Process, output};
use crate::support::sockets;

/// Returns a folder with a page of one line, which is enough because the demo only serves it.
fn page() -> TempDir {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    page
}

/// Returns the line that a failed demo prints to standard error.
fn error_line(output: &Output) -> &str {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[tokio::test]
async fn the_demo_serves_the_page_and_answers_over_every_path() {
    let page = page();
    let demo = Demo::start(page.path(), &[]);
    for address in ["127.0.0.1", "::1"] {
        let Ok(stream) = TcpStream::connect((address, demo.page_port)) else {
            assert_eq!(address, "::1", "IPv4 is always available");
            continue;
        };
        let mut stream = sockets::with_deadline(stream);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("A page"), "{response}");
    }
    let tcp = |port| Target::parse("localhost", Some(port));
    let web_socket = |path| Target::parse(&format!("ws://localhost:{}{path}", demo.page_port), None);
    for target in [tcp(demo.server_port), web_socket("/ws"), tcp(demo.tunnel_port), web_socket("/ws/tunnel")] {
        let plan = DialogueConfig {
            target: target.unwrap(),
            order: Order::OneAtATime,
            questions: Question::the_three(),
            framing: Framing::default(),
            timeout: Duration::from_secs(20),
        };
        let mut answers = Vec::new();
        let (_, result) = ask(&plan, |answer| answers.push(answer.to_owned())).await;
        result.unwrap();
        assert_eq!(answers, EXCHANGES.map(|exchange| exchange.answer));
    }
}

#[test]
fn a_signal_stops_everything_and_the_exit_code_is_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let page = page();
        let mut demo = Demo::start(page.path(), &[]);
        // An idle client is still connected.
        let _idle = sockets::connect(demo.server_port);
        demo.process.signal(signal);
        assert_eq!(demo.process.wait().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_port_that_is_taken_over_ipv4_or_ipv6_is_named_with_the_option_that_chooses_another() {
    let page = page();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(taken) = TcpListener::bind(address) else {
            assert_eq!(address, "[::1]:0", "IPv4 is always available");
            continue;
        };
        let port = taken.local_addr().unwrap().port().to_string();
        for option in ["--server-port", "--tunnel-port", "--page-port"] {
            let others = ANY_PORTS.chunks(2).filter(|pair| pair[0] != option).flatten();
            let output = output(demo::command(page.path()).args(others).args([option, &port]));
            let stderr = error_line(&output);
            assert!(stderr.contains(&format!("port {port}: Address already in use")), "{stderr}");
            assert!(stderr.contains(&format!("choose another port with {option}")), "{stderr}");
        }
    }
}

#[test]
fn a_page_at_a_port_that_browsers_refuse_is_a_usage_error() {
    let page = page();
    for arguments in [["--page-port", "6000"], ["--page-port", "5060"], ["--listen", "127.0.0.2:6000"]] {
        let output =
            output(demo::command(page.path()).args(["--server-port", "0", "--tunnel-port", "0"]).args(arguments));
        let stderr = std::str::from_utf8(&output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{stderr}");
        assert!(stderr.starts_with("error: browsers refuse to connect to port "), "{stderr}");
    }
}

#[test]
fn the_link_option_chooses_the_preset_of_the_emulated_link() {
    let page = page();
    let demo = Demo::start(page.path(), &["--link", "continent"]);
    let report = http::request(demo.page_port, "GET /api/tunnel", "").body;
    let report: LinkReport = serde_json::from_str(&report).unwrap();
    assert_eq!((report.link, report.handshake), (Preset::Continent.link(), true));
}

#[test]
fn the_page_can_be_at_another_address_than_localhost() {
    let page = page();
    let mut command = demo::command(page.path());
    command.args(["--server-port", "0", "--tunnel-port", "0", "--listen", "127.0.0.2:0", "--listen", "127.0.0.3:0"]);
    let mut process = Process::start(command.stdout(Stdio::piped()));
    let line = process.stdout().next();
    let address: SocketAddr = line.strip_prefix("Open http://").unwrap_or_default().parse().unwrap();
    assert_eq!(address.ip(), Ipv4Addr::new(127, 0, 0, 2));
    assert!(TcpStream::connect(address).is_ok());
}

#[test]
fn a_page_that_is_not_built_is_reported_as_missing() {
    let empty = tempfile::tempdir().unwrap();
    let output = output(demo::command(empty.path()).args(ANY_PORTS));
    assert!(error_line(&output).contains("build the page with `cargo xtask dist`"));
}

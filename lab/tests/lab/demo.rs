//! The demo as a person runs it: one program, one page, both clients, Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use launcelot_client::{Plan, Target, ask};
use launcelot_measure::Order;
use launcelot_protocol::{EXCHANGES, Question};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const ANY_PORTS: [&str; 6] = ["--server-port", "0", "--tunnel-port", "0", "--page-port", "0"];

/// A page that says little, since the demo only serves it.
fn page() -> TempDir {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    page
}

fn lab(page: &TempDir) -> Command {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    lab.arg("--web").arg(page.path());
    lab
}

/// A demo that runs, and the ports that it got.
struct Demo {
    process: Child,
    page_port: u16,
    server_port: u16,
    tunnel_port: u16,
}

impl Demo {
    fn start(page: &TempDir) -> Self {
        let mut process = lab(page).args(ANY_PORTS).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said: String = lines.by_ref().take(2).map(|line| line.unwrap() + "\n").collect();
        let mut rest = said.as_str();
        let mut number_after = |words: &str| {
            let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {rest:?}"));
            rest = after;
            after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
        };
        let page_port = number_after("Open http://localhost:");
        let server_port = number_after("launcelot-client localhost ");
        let tunnel_port = number_after("launcelot-client localhost ");
        Self { process, page_port, server_port, tunnel_port }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn failed(output: &Output) -> &str {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

#[tokio::test]
async fn one_program_serves_the_page_and_answers_both_clients() {
    let page = page();
    let demo = Demo::start(&page);
    for address in ["127.0.0.1", "::1"] {
        let Ok(mut stream) = TcpStream::connect((address, demo.page_port)) else {
            assert_eq!(address, "::1", "IPv4 is always there");
            continue;
        };
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.contains("A page"), "{response}");
    }
    let tcp = |port| Target::parse("localhost", Some(port));
    let web_socket = |path| Target::parse(&format!("ws://localhost:{}{path}", demo.page_port), None);
    for target in [tcp(demo.server_port), web_socket("/ws"), tcp(demo.tunnel_port), web_socket("/ws/tunnel")] {
        let plan = Plan {
            target: target.unwrap(),
            order: Order::OneAtATime,
            questions: Question::the_three(),
            timeout: Duration::from_secs(20),
        };
        let mut answers = Vec::new();
        let (_, result) = ask(&plan, |answer| {
            answers.push(answer.to_owned());
            Ok(())
        })
        .await;
        result.unwrap();
        assert_eq!(answers, EXCHANGES.map(|exchange| exchange.answer));
    }
}

#[test]
fn a_signal_stops_everything_and_the_exit_code_is_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let page = page();
        let mut demo = Demo::start(&page);
        // Somebody is still connected, and says nothing.
        let _silent = TcpStream::connect(("127.0.0.1", demo.server_port)).unwrap();
        demo.signal(signal);
        assert_eq!(demo.process.wait().unwrap().code(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_taken_port_is_named_with_the_option_that_chooses_another() {
    let page = page();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--server-port", "--tunnel-port", "--page-port"] {
        let others = ANY_PORTS.chunks(2).filter(|pair| pair[0] != option).flatten();
        let output = lab(&page).args(others).args([option, &port]).output().unwrap();
        let stderr = failed(&output);
        assert!(stderr.contains(&format!("port {port}: another program listens there already")), "{stderr}");
        assert!(stderr.contains(&format!("choose another port with {option}")), "{stderr}");
    }
}

#[test]
fn a_page_that_is_not_built_is_said_to_be_missing() {
    let empty = tempfile::tempdir().unwrap();
    let output = lab(&empty).args(ANY_PORTS).output().unwrap();
    assert!(failed(&output).contains("build it with `cargo xtask dist`"));
}

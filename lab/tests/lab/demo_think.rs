//! `--think` and `PUT /api/server` let the demo's server simulate work.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::demo::Demo;
use crate::support::schema;

/// The status and the JSON that the lab answers.
fn http(port: u16, request: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let head =
        format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn the_work_on_each_answer_can_be_changed_while_the_demo_runs() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let demo = Demo::start(page.path(), &[]);
    let (status, before) = http(demo.page_port, "GET /api/server", "");
    schema::assert_valid(include_str!("../../schema/server.schema.json"), &before);
    assert_eq!((status, before), (200, json!({ "think_us": 0.0 })));
    let wish = json!({ "think_us": 120_500 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/server", &wish), (200, json!({ "think_us": 120_500.0 })));
    let mut client = TcpStream::connect(("127.0.0.1", demo.server_port)).unwrap();
    let began = Instant::now();
    client.write_all(b"What is your favorite color?").unwrap();
    client.read_exact(&mut [0; b"Blue.".len()]).unwrap();
    assert!(began.elapsed() >= Duration::from_micros(120_500));
    for wish in ["{}", "", r#"{"think_us": -1}"#, r#"{"think_us": 1e9}"#, r#"{"think_us": 1, "design": "poll"}"#] {
        let (status, answer) = http(demo.page_port, "PUT /api/server", wish);
        assert_eq!((status, answer["error"].is_string()), (400, true), "{wish}: {answer}");
    }
}

#[test]
fn the_work_of_worker_processes_cannot_be_changed() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let demo = Demo::start(page.path(), &["--design", "processes"]);
    assert_eq!(http(demo.page_port, "GET /api/server", "").0, 404);
    assert_eq!(http(demo.page_port, "PUT /api/server", r#"{"think_us": 1}"#).0, 404);
}

#[test]
fn the_demo_server_takes_as_long_for_each_answer_as_it_is_told() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let mut lab = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"))
        .arg("--web")
        .arg(page.path())
        .args(["--server-port", "0", "--tunnel-port", "0", "--page-port", "0", "--think", "150ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(lab.stdout.take().unwrap()).lines();
    let said = lines.nth(1).unwrap().unwrap();
    let port = said.split("localhost ").nth(1).unwrap().split('`').next().unwrap().parse().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        client.write_all(b"What is your favorite color?").unwrap();
        client.read_exact(&mut [0; b"Blue.".len()]).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(150));
    }
    lab.kill().unwrap();
    lab.wait().unwrap();
}

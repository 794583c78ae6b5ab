//! The think time of the demo's server: `--think` and `PUT /api/server`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use launcelot_testing::http;
use serde_json::{Value, json};

use crate::support::demo::Demo;
use crate::support::{schema, sockets};

const THINK: Duration = Duration::from_millis(150);

/// Sends a request to the API, and returns the status and the JSON of the response.
fn http(port: u16, request: &str, body: &str) -> (u16, Value) {
    let response = http::request(port, request, body);
    (response.status, serde_json::from_str(&response.body).unwrap())
}

/// Asks one question and returns how long the answer took.
fn ask(client: &mut TcpStream) -> Duration {
    let began = Instant::now();
    client.write_all(b"What is your favorite color?").unwrap();
    client.read_exact(&mut [0; b"Blue.".len()]).unwrap();
    began.elapsed()
}

#[test]
fn the_think_time_can_be_changed_while_the_demo_runs() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let demo = Demo::start(page.path(), &[]);
    let (status, before) = http(demo.page_port, "GET /api/server", "");
    schema::assert_valid(include_str!("../../schema/server.schema.json"), &before);
    assert_eq!((status, before), (200, json!({ "think_us": 0.0 })));
    let body = json!({ "think_us": 120_500 }).to_string();
    assert_eq!(http(demo.page_port, "PUT /api/server", &body), (200, json!({ "think_us": 120_500.0 })));
    assert!(ask(&mut sockets::connect(demo.server_port)) >= Duration::from_micros(120_500));
    for body in ["{}", "", r#"{"think_us": -1}"#, r#"{"think_us": 1e9}"#, r#"{"think_us": 1, "design": "poll"}"#] {
        let (status, answer) = http(demo.page_port, "PUT /api/server", body);
        assert_eq!((status, answer["error"].is_string()), (400, true), "{body}: {answer}");
    }
}

#[test]
fn the_think_time_of_worker_processes_cannot_be_changed() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let demo = Demo::start(page.path(), &["--design", "processes"]);
    assert_eq!(http(demo.page_port, "GET /api/server", "").0, 404);
    assert_eq!(http(demo.page_port, "PUT /api/server", r#"{"think_us": 1}"#).0, 404);
}

#[test]
fn the_think_option_delays_each_answer_of_the_demo_server() {
    let page = tempfile::tempdir().unwrap();
    std::fs::write(page.path().join("index.html"), "<!doctype html><title>A page</title>").unwrap();
    let demo = Demo::start(page.path(), &["--think", "150ms"]);
    let mut client = sockets::connect(demo.server_port);
    for _ in 0..2 {
        assert!(ask(&mut client) >= THINK);
    }
}

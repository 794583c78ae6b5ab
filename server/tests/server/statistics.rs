//! The statistics, over HTTP and by signal.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::support::*;
use launcelot_server::Options;
use launcelot_testing::process::output;
use rustix::process::{Signal, kill_process};

#[test]
fn every_design_counts_connections_questions_and_bytes() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.ask(&[NAME, "Why?", QUEST].concat(), &[LANCELOT, UNKNOWN, GRAIL].concat());
        let totals = server.statistics.totals();
        assert_eq!((totals.connections, totals.open), (1, 1));
        client.send("What is your");
        client.half_close();
        client.read_to_end();
        let mut second = server.connect();
        second.ask(COLOR, BLUE);
        assert_eq!(server.statistics.totals().open, 1);
        second.half_close();
        second.read_to_end();
        let totals = server.statistics.totals();
        assert_eq!((totals.connections, totals.open), (2, 0));
        assert_eq!((totals.questions, totals.unknown), (4, 1));
        let sent = [NAME, "Why?", QUEST, "What is your", COLOR].concat().len();
        let received = [LANCELOT, UNKNOWN, GRAIL, BLUE].concat().len();
        assert_eq!((totals.bytes_in, totals.bytes_out), (sent as u64, received as u64));
        assert_eq!(totals.thinking.counts.iter().sum::<u64>(), 4);
        assert!(totals.thinking.sum > Duration::ZERO);
    });
}

#[test]
fn simulated_work_counts_as_thinking() {
    each_design(|design| {
        let think = Duration::from_millis(20);
        let server = Server::with(Options { design, think: think.into(), grace: Duration::ZERO, ..Options::default() });
        server.connect().ask(&[NAME, COLOR].concat(), &[LANCELOT, BLUE].concat());
        let totals = server.statistics.totals();
        // Both questions were complete at the same time, and both answers were ready after the work on both.
        assert!(totals.questions == 2 && totals.thinking.sum >= 4 * think, "{totals:?}");
    });
}

#[test]
fn the_counters_of_a_dead_worker_are_kept() {
    let mut program = Program::start(&["--design", "processes", "--workers", "1", "--metrics", "localhost:0"]);
    let metrics = program.metrics_port();
    let mut client = program.connect();
    client.ask(NAME, LANCELOT);
    kill_process(program.workers()[0], Signal::KILL).unwrap();
    client.expect_closed();
    let mut second = program.connect();
    second.ask(COLOR, BLUE);
    let text = get(metrics, "/metrics").1;
    assert!(text.contains("launcelot_server_connections 1\n"), "{text}");
    assert!(text.contains("launcelot_server_questions_total 2\n"), "{text}");
    assert!(text.contains("launcelot_server_accepted_total 2\n"), "{text}");
}

#[test]
fn the_statistics_are_served_over_http_for_prometheus() {
    each_design(|design| {
        let mut program = Program::start(&["--design", &name(design), "--metrics", "127.0.0.1:0"]);
        let metrics = program.metrics_port();
        let mut client = program.connect();
        client.ask(&[NAME, "Why?"].concat(), &[LANCELOT, UNKNOWN].concat());
        let (head, text) = get(metrics, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(
            head.to_ascii_lowercase().contains("content-type: application/openmetrics-text; version=1.0.0"),
            "{head}"
        );
        for line in [
            "launcelot_server_connections 1",
            "launcelot_server_questions_total 2",
            "launcelot_server_unknown_questions_total 1",
            "launcelot_server_thinking_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert!(get(metrics, "/").0.starts_with("HTTP/1.1 404"));
    });
}

/// Sends a GET request and returns the head and the body of the response.
fn get(port: u16, path: &str) -> (String, String) {
    let mut client = Client::connect(port);
    client.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let response = client.read_to_end();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn silent_http_connections_at_their_limit_are_closed_so_that_a_further_client_is_served() {
    let mut program = Program::start(&["--metrics", "localhost:0"]);
    let metrics = program.metrics_port();
    let silent: Vec<Client> = (0..16).map(|_| Client::connect(metrics)).collect();
    let began = Instant::now();
    assert!(get(metrics, "/metrics").0.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < DEADLINE);
    drop(silent);
}

#[test]
fn sigusr1_prints_the_statistics() {
    each_design(|design| {
        let mut program = Program::start(&["--design", &name(design)]);
        let mut client = program.connect();
        client.ask(NAME, LANCELOT);
        client.half_close();
        client.read_to_end();
        program.signal(Signal::USR1);
        let log = program.process.stderr();
        let figures = "connections: 1 (0 open), questions: 1 (0 unknown), bytes: 18 in, 35 out";
        assert_eq!(log.next(), figures);
        assert!(log.next().starts_with("thinking: mean "));
        program.connect().ask(QUEST, GRAIL);
    });
}

#[test]
fn the_url_of_the_statistics_has_brackets_around_an_ipv6_address() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("skipped: this machine has no IPv6");
        return;
    }
    let mut program = Program::start(&["--metrics", "[::1]:0"]);
    let line = program.next_line();
    let address = line.strip_prefix("Statistics at http://").and_then(|url| url.strip_suffix("/metrics"));
    let address: SocketAddr = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("{line}"));
    assert!(address.is_ipv6());
}

#[test]
fn a_metrics_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = output(std::process::Command::new(Program::PATH).args(["localhost", "0", "--metrics", &address]));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("Address already in use") && errors.lines().count() == 1, "{errors}");
}

//! What is counted, and how one gets to read it.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod support;

use std::time::{Duration, Instant};

use launcelot_server::Options;
use launcelot_testing::process::{Lines, output};
use rustix::process::{Signal, kill_process};
use support::*;

#[test]
fn every_design_counts_what_happens() {
    each_design(|design| {
        let server = Server::start(design);
        let mut client = server.connect();
        client.ask(&[NAME, "Why?", QUEST].concat(), &[LANCELOT, UNKNOWN, GRAIL].concat());
        let totals = server.statistics.totals();
        assert_eq!((totals.connections, totals.open), (1, 1));
        client.say("What is your");
        client.half_close();
        client.hear_to_end();
        let mut second = server.connect();
        second.ask(COLOR, BLUE);
        assert_eq!(server.statistics.totals().open, 1);
        second.half_close();
        second.hear_to_end();
        let totals = server.statistics.totals();
        assert_eq!((totals.connections, totals.open), (2, 0));
        assert_eq!((totals.questions, totals.unknown), (4, 1));
        let said = [NAME, "Why?", QUEST, "What is your", COLOR].concat().len();
        let heard = [LANCELOT, UNKNOWN, GRAIL, BLUE].concat().len();
        assert_eq!((totals.bytes_in, totals.bytes_out), (said as u64, heard as u64));
        assert_eq!(totals.thinking.counts.iter().sum::<u64>(), 4);
        assert!(totals.thinking.sum > Duration::ZERO);
    });
}

#[test]
fn work_that_is_simulated_counts_as_thinking() {
    each_design(|design| {
        let think = Duration::from_millis(20);
        let server = Server::with(Options { design, think: think.into(), grace: Duration::ZERO, ..Options::default() });
        server.connect().ask(&[NAME, COLOR].concat(), &[LANCELOT, BLUE].concat());
        let totals = server.statistics.totals();
        // Both were whole at once, and both answers ready at once, after the work on both.
        assert!(totals.questions == 2 && totals.thinking.sum >= 4 * think, "{totals:?}");
    });
}

#[test]
fn a_worker_that_dies_takes_no_figures_with_it() {
    let mut program = Program::start(&["--design", "processes", "--workers", "1", "--metrics", "localhost:0"]);
    let metrics = program.metrics_port();
    let mut client = program.connect();
    client.ask(NAME, LANCELOT);
    kill_process(program.workers()[0], Signal::KILL).unwrap();
    client.hear_hang_up();
    let mut second = program.connect();
    second.ask(COLOR, BLUE);
    let text = get(metrics, "/metrics").1;
    assert!(text.contains("launcelot_server_connections_open 1\n"), "{text}");
    assert!(text.contains("launcelot_server_questions_total 2\n"), "{text}");
    assert!(text.contains("launcelot_server_connections_total 2\n"), "{text}");
}

#[test]
fn prometheus_reads_them_over_http() {
    each_design(|design| {
        let mut program = Program::start(&["--design", &name(design), "--metrics", "127.0.0.1:0"]);
        let metrics = program.metrics_port();
        let mut client = program.connect();
        client.ask(&[NAME, "Why?"].concat(), &[LANCELOT, UNKNOWN].concat());
        let (head, text) = get(metrics, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
        for line in [
            "launcelot_server_connections_open 1",
            "launcelot_server_questions_total 2",
            "launcelot_server_unknown_questions_total 1",
            "launcelot_server_thinking_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert!(get(metrics, "/").0.starts_with("HTTP/1.1 404"));
    });
}

/// The head and the body of the answer to a GET.
fn get(port: u16, path: &str) -> (String, String) {
    let mut client = Client::connect(port);
    client.say(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let answer = client.hear_to_end();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn who_asks_for_statistics_and_says_nothing_keeps_out_nobody_for_ever() {
    let mut program = Program::start(&["--metrics", "localhost:0"]);
    let metrics = program.metrics_port();
    let silent: Vec<Client> = (0..16).map(|_| Client::connect(metrics)).collect();
    let began = Instant::now();
    assert!(get(metrics, "/metrics").0.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < HANGS);
    drop(silent);
}

#[test]
fn a_signal_prints_them() {
    each_design(|design| {
        let mut program = Program::start(&["--design", &name(design)]);
        let mut client = program.connect();
        client.ask(NAME, LANCELOT);
        client.half_close();
        client.hear_to_end();
        program.signal(Signal::USR1);
        let log = Lines::read("the server's log".to_owned(), program.child.stderr.take().unwrap());
        let figures = "connections: 1 (0 open), questions: 1 (0 unknown), bytes: 18 in, 35 out";
        assert_eq!(log.next(), figures);
        assert!(log.next().starts_with("thinking: mean "));
        program.connect().ask(QUEST, GRAIL);
    });
}

#[test]
fn a_port_for_statistics_that_is_taken_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = output(std::process::Command::new(Program::PATH).args(["localhost", "0", "--metrics", &address]));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("address already in use") && errors.lines().count() == 1, "{errors}");
}

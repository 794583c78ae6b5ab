//! `--trace`, `--race`, `--export` and the kernel's round-trip times.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use launcelot_protocol::{Conversation, EXCHANGES};
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::process::output;
use launcelot_testing::sockets::{accept, serve_each};
use launcelot_testing::wait::join;

/// The time from reading a segment to answering it, at the slow server.
const THINKING: Duration = Duration::from_millis(30);

/// Starts a server that answers each segment after `THINKING`.
fn slow_server() -> SocketAddr {
    serve_each(converse)
}

fn converse(mut stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let (replies_go, replies_wait) = mpsc::channel::<(Instant, Vec<u8>)>();
    // Segments are delayed independently of each other, whatever the segmentation of the client's writes.
    let writes = thread::spawn(move || {
        for (due, replies) in replies_wait {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            writer.write_all(&replies).unwrap();
        }
    });
    let mut conversation = Conversation::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        let mut replies = Vec::new();
        conversation.feed(&buffer[..count], &mut replies);
        replies_go.send((Instant::now() + THINKING, replies)).unwrap();
    }
    drop(replies_go);
    join(writes, "the end of writing");
}

/// Starts a fake lab that answers one request with `status` and `body`. The thread returns the first line of the
/// request.
fn lab(status: &str, body: &str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    let asked = thread::spawn(move || {
        let mut stream = accept(&listener);
        let mut request = String::new();
        let mut buffer = [0; 4096];
        while !request.contains("\r\n\r\n") {
            let count = stream.read(&mut buffer).unwrap();
            request.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        stream.write_all(answer.as_bytes()).unwrap();
        request.lines().next().unwrap().to_owned()
    });
    (address, asked)
}

fn ask(address: SocketAddr, options: &[&str]) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_launcelot-client"));
    output(client.arg(address.ip().to_string()).arg(address.port().to_string()).args(options))
}

fn stdout(output: &Output) -> &str {
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_trace_lists_the_operations_and_distinguishes_waiting_from_work() {
    // A busy machine may delay the client, but not every time.
    let traces = std::iter::repeat_with(|| stdout(&ask(slow_server(), &["--trace"])).to_owned());
    let trace =
        traces.take(10).find(|trace| distinguishes_waiting_from_work(trace)).expect("ten clients in a row were late");
    let lines: Vec<_> = trace.lines().map(|line| line.split('(').next().unwrap().trim()).collect();
    let asked = ["send", "receive", "read"];
    let acts: Vec<_> = ["look_up", "connect"].into_iter().chain(asked.repeat(3)).collect();
    assert_eq!(lines.iter().filter(|line| acts.contains(line)).collect::<Vec<_>>(), acts.iter().collect::<Vec<_>>());
    assert!(trace.contains(&format!("read()  {:?}", EXCHANGES[2].answer)), "{trace}");
    assert!(trace.contains("The legs are unknown: no lab is known: --lab HOST:PORT names one."), "{trace}");
}

/// Returns true if every `receive()` waited for about `THINKING`, and nearly all of the program's time was waiting.
fn distinguishes_waiting_from_work(trace: &str) -> bool {
    let waited = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [.., number, "ms"] = words[..] else { return false };
        number.parse::<f64>().unwrap() >= 29.0
    };
    let percent: f64 = trace.split(" % of the time.").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    trace.lines().filter(|line| line.starts_with("receive()")).all(waited) && (90.0..100.0).contains(&percent)
}

#[test]
fn the_trace_of_a_lab_is_requested_by_the_local_address_of_the_client() {
    let events = r#"[{"point": "server-in", "at_us": 0, "bytes": 18}, {"point": "answer-ready", "at_us": 2.5, "bytes": 35},
        {"point": "answer-out", "at_us": 3, "bytes": 35}]"#;
    let (lab, asked) = lab("200 OK", &format!(r#"{{"id": "x", "events": {events}, "is_truncated": false}}"#));
    let output = ask(slow_server(), &["--trace", "--lab", &lab.to_string()]);
    assert!(join(asked, "the request to the lab").starts_with("GET /api/traces/127.0.0.1:"));
    let report = stdout(&output);
    assert!(report.contains("The server spent 2.50 µs thinking; you waited "), "{report}");
}

#[test]
fn a_lab_without_a_trace_is_not_an_error() {
    let (not_seen, _) = lab("404 Not Found", r#"{"error": "no"}"#);
    let (nonsense, _) = lab("200 OK", "<html>");
    let gone = ReservedPort::new();
    let cases = [
        (not_seen, "has no trace of this dialogue."),
        (nonsense, "is not a trace"),
        (gone.address(), "no lab answers at"),
    ];
    for (lab, expected) in cases {
        let output = ask(slow_server(), &["--trace", "--lab", &lab.to_string()]);
        let report = stdout(&output).replace('\n', " ");
        let (_, legs) = report.split_once("The legs are unknown: ").unwrap();
        assert!(legs.contains(expected), "{legs}");
    }
}

#[test]
fn a_race_takes_three_round_trips_one_at_a_time_and_one_round_trip_otherwise() {
    let took = |race: &str, path: &str| -> f64 {
        let line = race.lines().find_map(|line| line.strip_prefix(path)).unwrap();
        let (took, turns) = line.split_once(" (asking ").unwrap();
        assert!(turns.ends_with(" in 5 turns)"), "{race}");
        let (number, unit) = took.split_once(' ').unwrap();
        assert_eq!(unit, "ms");
        number.parse().unwrap()
    };
    let is_one = |race: &String| {
        let three = took(race, "one at a time: ");
        assert!(three >= 90.0, "{race}");
        took(race, "sent ahead: ") < three / 2.0 && took(race, "a connection each, at once: ") < three / 2.0
    };
    // A busy machine may delay the client, but not every time.
    let races = std::iter::repeat_with(|| stdout(&ask(slow_server(), &["--race"])).to_owned());
    let race = races.take(10).find(is_one).expect("ten clients in a row were late");
    assert_eq!(race.lines().filter(|line| line.contains('█')).count(), 9);
    assert_eq!(race.lines().filter(|line| line.contains('░')).count(), 5);

    let output = ask(slow_server(), &["--race", "--ask", EXCHANGES[0].question]);
    let race = stdout(&output);
    assert!(race.ends_with("One question takes one round trip, whichever way it is asked.\n"), "{race}");
}

#[test]
fn a_race_can_be_printed_as_json() {
    let output = ask(slow_server(), &["--race", "--json"]);
    let race: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    let schema = serde_json::from_str(include_str!("../../../measure/schema/run.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let counts = ["one_at_a_time", "sent_ahead", "at_once"].map(|way| {
        let runs = race[way].as_array().unwrap();
        assert!(runs.iter().all(|run| validator.is_valid(run)), "{race:#}");
        runs.len()
    });
    assert_eq!(counts, [1, 1, 3]);
    assert_eq!(race["at_once"][2]["questions"][0]["answer"], EXCHANGES[2].answer);
}

#[test]
fn a_race_whose_last_way_fails_still_shows_and_exports_the_earlier_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let first = accept(&listener);
        converse(first);
        let second = accept(&listener);
        // The connections of the third way are refused.
        drop(listener);
        converse(second);
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("race.csv");
    let output = ask(address, &["--race", "--export", file.to_str().unwrap()]);
    let drawn = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.contains("cannot connect to"), "{error}");
    assert_eq!(drawn.lines().filter(|line| line.contains('█')).count(), 6, "{drawn}");
    assert!(!drawn.contains("times as long"), "{drawn}");
    assert!(drawn.contains("\na connection each, at once: failed after "), "{drawn}");
    assert_eq!(std::fs::read_to_string(file).unwrap().matches(EXCHANGES[2].answer).count(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn the_round_trip_time_of_the_kernel_excludes_the_thinking_of_the_server() {
    let output = ask(slow_server(), &["--json"]);
    let run: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    // `least_round_trip_us` is null before Linux 4.6.
    let least = run["kernel"]["least_round_trip_us"].as_f64().unwrap_or_default();
    assert!(least < 20_000.0 && run["kernel"]["round_trip_us"].as_f64().unwrap() > 0.0, "{run:#}");
    let output = ask(slow_server(), &["--timing"]);
    assert!(stdout(&output).contains("The kernel's round-trip time to the server, "));
}

#[test]
fn a_run_and_a_race_are_exported_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for options in [&["--trace"][..], &["--race"]] {
        for (ending, begins) in [
            ("json", "{\"format\":\"launcelot\",\"version\":4,"),
            ("csv", "\u{feff}race,"),
            ("hlog", "#["),
            ("trace.json", "{\"displayTimeUnit\":"),
        ] {
            let file = folder.path().join(format!("run.{ending}"));
            stdout(&ask(slow_server(), &[options, &["--export", file.to_str().unwrap()]].concat()));
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with(begins), "{ending}: {text}");
            let tags: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("Tag=")?.split(',').next()).collect();
            let ways = if options.contains(&"--race") { 3 } else { 1 };
            assert_eq!(
                tags.iter().collect::<BTreeSet<_>>().len(),
                // The first line has no tag.
                if ending == "hlog" { 3 * ways - 1 } else { 0 },
                "{tags:?}"
            );
            assert!(
                text.contains("native") && text.contains(std::env::consts::ARCH),
                "no provenance: {ending}: {text}"
            );
            assert_eq!(text.matches("favorite color").count() > 0, ending != "hlog", "{ending}: {text}");
        }
    }
}

#[test]
fn a_closed_standard_output_does_not_shorten_an_export() {
    let folder = tempfile::tempdir().unwrap();
    for options in [&["--timing"][..], &["--json"], &["--race"]] {
        let file = folder.path().join(format!("{}.csv", options[0]));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let address = slow_server();
        let mut client = Command::new(env!("CARGO_BIN_EXE_launcelot-client"));
        client.arg(address.ip().to_string()).arg(address.port().to_string()).args(options);
        assert!(client.arg("--export").arg(&file).stdout(writer).status().unwrap().success());
        assert!(std::fs::read_to_string(file).unwrap().contains(EXCHANGES[2].answer), "{options:?}");
    }
}

#[test]
fn a_trace_contains_the_wait_that_timed_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = ask(silent.local_addr().unwrap(), &["--trace", "--timeout", "200ms"]);
    let trace = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    let line = trace.lines().find(|line| line.starts_with("receive()  0 bytes")).unwrap_or_else(|| panic!("{trace}"));
    let waited = line.strip_suffix(" ms").unwrap().rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    assert!(waited >= 199.0, "{line}");
}

#[test]
fn a_file_that_cannot_be_written_is_reported_after_the_answers() {
    let output = ask(slow_server(), &["--export", "/nowhere/run.json"]);
    let error = std::str::from_utf8(&output.stderr).unwrap();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{output:?}");
    assert!(error.contains("cannot write '/nowhere/run.json': No such file or directory"), "{error}");
    assert!(output.stdout.ends_with(b"Blue.\n"));
    let output = ask(slow_server(), &["--export", "run.txt"]);
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("full.json");
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    let output = ask(slow_server(), &["--export", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"), "{output:?}");
}

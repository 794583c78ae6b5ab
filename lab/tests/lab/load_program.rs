//! The `launcelot-lab load` command: its arguments, the servers that it starts and those that run, its output and its exit codes.

use std::fs;
use std::process::Command;

use launcelot_measure::load::{CycleResult, DialogueFailure, RunStatus};
use launcelot_server::Design;

use crate::support::fixtures::Server;
use crate::support::load::{CYCLE, Folder, ONE_CYCLE, failures, load_into_folder_until, load_until, stderr, stdout};
use crate::support::ports::ReservedPort;
use crate::support::process::output;
use crate::support::wait;

#[test]
fn designs_are_started_measured_and_reported() {
    let options = ["--designs", "poll,processes,inetd", "--clients", "1:3", "--rounds", "1", "--think", "1ms"];
    let is_measured = |cycle: &CycleResult| {
        let server = cycle.end.as_ref().unwrap().server.as_ref().unwrap();
        cycle.counts.dialogues > 0 && !server.processor.is_zero() && server.context_switches > 0
    };
    let (folder, output) = load_into_folder_until(&options, |result| result.cycles.iter().all(is_measured));
    let result = folder.result();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 6));
    for cycle in &result.cycles {
        assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
        assert_eq!(cycle.end.as_ref().unwrap().server_ended, None);
    }
    let text = stdout(&output);
    let (table, sentences) = text.split_once("\n\n").unwrap();
    assert!(sentences.contains("`poll` "), "{sentences}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(table.lines().count(), 2 + 6, "{table}");
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(html.contains("processes"));
    let log = fs::read_to_string(folder.path().join("latency.hlog")).unwrap();
    assert_eq!(log.lines().filter(|line| !line.starts_with('#')).count(), 6 * 3, "{log}");
}

#[test]
fn a_running_server_is_asked_and_its_processes_are_not_known() {
    let server = Server::start(Design::Async);
    let port = server.port.to_string();
    let options = [&["localhost", &port], &CYCLE[..]].concat();
    let (result, _) = load_until(&options, |result| result.cycles[0].counts.dialogues > 0);
    let [cycle] = &result.cycles[..] else { panic!("{} cycles", result.cycles.len()) };
    assert!(cycle.counts.questions > 0);
    assert_eq!(cycle.end.as_ref().unwrap().server, None);
}

#[test]
fn a_link_is_in_front_of_every_server() {
    let folder = Folder::new();
    let link = ["--rtt", "20ms", "--handshake", "--timeout", "30s", "--questions", "2"];
    folder.load(
        &[&["--designs", "threads", "--clients", "2", "--rounds", "1", "--duration", "600ms"], &link[..]].concat(),
    );
    let result = folder.result();
    assert_eq!(result.plan.link.unwrap().rtt.as_millis(), 20);
    assert_eq!(result.cycles.len(), 1, "the direct measurement is not a cycle");
    let direct = &result.direct[0].counts;
    assert!(direct.question_latency.summary().shortest.as_millis() < 20, "the direct measurement is without the link");
    let counts = &result.cycles[0].counts;
    let shortest = counts.first_answer_latency.summary().shortest;
    assert!(shortest.as_millis() >= 40, "connecting and a question take {shortest:?}");
    assert!(counts.question_latency.summary().shortest.as_millis() >= 20);
}

#[test]
fn it_is_known_how_late_a_link_delivers() {
    let options = ["--designs", "threads", "--rtt", "5ms", "--clients", "20", "--rounds", "1"];
    let (result, _) =
        load_until(&options, |result| result.cycles[0].end.as_ref().is_some_and(|end| end.link_lateness.is_some()));
    let late = result.cycles[0].end.as_ref().unwrap().link_lateness.unwrap();
    assert!(late.as_secs() < 60, "{late:?}");
    let direct = result.direct[0].end.link_lateness;
    assert_eq!(direct, None, "the direct measurement is without the link");
}

#[test]
fn an_address_that_refuses_is_a_result() {
    let port = ReservedPort::new();
    let number = port.number.to_string();
    let options = [&["localhost", &number], &CYCLE[..]].concat();
    let (result, _) = load_until(&options, |result| failures(&result.cycles[0], DialogueFailure::Refused) > 0);
    assert_eq!(result.cycles[0].counts.dialogues, 0);
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [(&[&str], &str); 20] = [
        (&[], "Name a HOST, --designs or --server"),
        (&["--designs", "fast"], "fast"),
        (&["--server", "python3"], "expected NAME=COMMAND"),
        (&["--server", "mine=python3 server.py"], "{port} must be among the command's arguments"),
        (&["--designs", "poll,poll"], "two servers have the name 'poll'"),
        (&["--designs", "poll", "--clients", "0"], "0"),
        (&["--designs", "poll", "--clients", "1,2"], "1,2"),
        (&["--designs", "poll", "--clients", "1", "--rate", "5"], "cannot be used with"),
        (&["--designs", "poll", "--rate", "0"], "0"),
        (&["--designs", "poll", "--arrivals", "steady"], "--rate"),
        (&["--designs", "poll", "--duration", "0s"], "longer than 0s"),
        (&["--designs", "poll", "--link", "moon"], "moon"),
        (&["localhost", "1060", "--workers", "3"], "--designs"),
        (&["localhost", "--clients", "5:5"], "--clients has 5 twice"),
        (&["localhost", "--rounds", "20000"], "20000 rounds: the maximum is 10000"),
        (&["localhost", "--start-timeout", "3s"], "--start-timeout has no effect: no server is started"),
        (&["wss://localhost/ws"], "not the URL of a bridge"),
        (&["ws://localhost/ws", "80"], "PORT cannot be used with it"),
        (&["--designs", "poll", "--expect", "p99<2"], "p99<2"),
        (&["--designs", "poll", "--json", "--csv"], "cannot be used with"),
    ];
    for (arguments, words) in cases {
        let folder = Folder::new();
        let output = output(&mut folder.command(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        assert!(!folder.path().exists(), "{arguments:?}");
    }
}

#[test]
fn a_host_that_cannot_be_resolved_is_a_failure_before_the_run() {
    for host in ["nosuchhost.invalid", "ws://nosuchhost.invalid/ws"] {
        let folder = Folder::new();
        let output = output(&mut folder.command(&[&[host], &ONE_CYCLE[..]].concat()));
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let message = stderr(&output);
        assert!(message.starts_with("launcelot-lab: cannot resolve 'nosuchhost.invalid': "), "{message}");
        assert!(message.lines().count() == 1 && !folder.path().exists(), "{message}");
    }
}

#[test]
fn a_closed_standard_output_ends_nothing() {
    let folder = Folder::new();
    let load = folder.command(&[&["--designs", "simple"], &ONE_CYCLE[..]].concat());
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" \"$@\" | true"]).arg(load.get_program()).args(load.get_args());
    let output = output(&mut shell);
    assert!(output.status.success());
    wait::until("the complete result", || (folder.result().status == RunStatus::Completed).then_some(()));
}

//! The `launcelot-lab load` command: servers that it starts and servers that run, its files, its output and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use launcelot_measure::load::{CycleResult, DialogueFailure, LoadResult, RunStatus, from_json};
use launcelot_server::Design;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::fixtures::{Bridge, Server};
use crate::support::markdown::workspace;
use crate::support::ports::ReservedPort;
use crate::support::process::{Process, output};
use crate::support::wait;

/// Two short cycles.
const SHORT: [&str; 8] = ["--clients", "1:3", "--rounds", "1", "--duration", "200ms", "--ramp", "20ms"];

/// One short cycle.
const ONE_CYCLE: [&str; 8] = ["--clients", "2", "--rounds", "1", "--duration", "200ms", "--ramp", "20ms"];

/// A folder for the results of one test.
struct Folder {
    parent: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { parent: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.parent.path().join("results")
    }

    fn result(&self) -> LoadResult {
        read(&self.path())
    }

    /// The command, with the folder for its results.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = lab("load");
        command.args(arguments).arg("--output").arg(self.path());
        command
    }

    /// Runs a load that succeeds.
    #[track_caller]
    fn load(&self, arguments: &[&str]) -> Output {
        let output = output(&mut self.command(arguments));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    }
}

fn lab(instrument: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.arg(instrument);
    command
}

fn read(folder: &Path) -> LoadResult {
    from_json(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// An option that starts a server in Python.
fn python(name: &str, script: &str, arguments: &str) -> String {
    let path = workspace().join("lab/tests/servers").join(script);
    format!("{name}=python3 '{}' {{port}} {arguments}", path.display())
}

fn failures(cycle: &CycleResult, kind: DialogueFailure) -> u64 {
    cycle.counts.failures.iter().filter(|(of_kind, _)| *of_kind == kind).map(|(_, tally)| tally.count).sum()
}

#[test]
fn designs_are_started_measured_and_reported() {
    let folder = Folder::new();
    let output = folder.load(&[&["--designs", "poll,processes,inetd"], &SHORT[..]].concat());
    let result = folder.result();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 6));
    for cycle in &result.cycles {
        let end = cycle.end.as_ref().unwrap();
        assert!(cycle.counts.dialogues > 0 && cycle.counts.failures.count() == 0, "{cycle:?}");
        let server = end.server.as_ref().unwrap();
        assert!(!server.processor.is_zero() && server.context_switches > 0, "{server:?}");
        assert_eq!(end.server_ended, None);
    }
    let text = stdout(&output);
    let (table, sentences) = text.split_once("\n\n").unwrap();
    assert!(sentences.contains("`poll` "), "{sentences}");
    assert_eq!(table.lines().count(), 2 + 6, "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(html.contains("processes"));
    let log = fs::read_to_string(folder.path().join("latency.hlog")).unwrap();
    assert_eq!(log.lines().filter(|line| !line.starts_with('#')).count(), 6 * 3, "{log}");
}

#[test]
fn a_running_server_is_asked_and_its_processes_are_not_known() {
    let server = Server::start(Design::Async);
    let folder = Folder::new();
    folder.load(&[&["localhost", &server.port.to_string()], &ONE_CYCLE[..]].concat());
    let [cycle] = &folder.result().cycles[..] else { panic!() };
    assert!(cycle.counts.questions > 0 && cycle.counts.dialogues > 0);
    assert_eq!(cycle.end.as_ref().unwrap().server, None);
}

#[test]
fn a_bridge_is_asked_by_the_clock() {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, None);
    let folder = Folder::new();
    let url = format!("ws://localhost:{}/ws", bridge.port);
    folder.load(&[&url, "--rate", "50", "--arrivals", "steady", "--rounds", "1", "--duration", "400ms"]);
    let [cycle] = &folder.result().cycles[..] else { panic!() };
    assert!(cycle.counts.dialogues > 0 && cycle.counts.failures.count() == 0, "{:?}", cycle.counts.failures);
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
    let counts = &result.cycles[0].counts;
    let shortest = counts.first_answer_latency.summary().shortest;
    assert!(shortest.as_millis() >= 40, "connecting and a question take {shortest:?}");
    assert!(counts.question_latency.summary().shortest.as_millis() >= 20);
}

#[test]
fn a_program_in_another_language_stands_beside_a_design() {
    let folder = Folder::new();
    let own = python("mine", "naive.py", "");
    let output = folder.load(&[&["--designs", "simple", "--server", &own], &ONE_CYCLE[..]].concat());
    let result = folder.result();
    assert_eq!(result.cycles.len(), 2);
    for cycle in &result.cycles {
        assert!(cycle.counts.dialogues > 0, "{cycle:?}");
        assert!(cycle.end.as_ref().unwrap().server.as_ref().unwrap().memory_bytes > 0);
    }
    assert!(stdout(&output).contains("\nmine "), "{}", stdout(&output));
}

#[test]
fn a_server_that_dies_in_a_cycle_is_a_result_and_the_run_goes_on() {
    let folder = Folder::new();
    let server = python("mortal", "misbehaving.py", "dies");
    let output = folder.load(&["--server", &server, "--clients", "1:3", "--rounds", "1", "--duration", "1s"]);
    let result = folder.result();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 2));
    for cycle in &result.cycles {
        let ended = cycle.end.as_ref().unwrap().server_ended.as_deref();
        assert_eq!(ended, Some("exit code 3: the bridge is broken"));
        assert!(failures(cycle, DialogueFailure::Refused) > 0, "{:?}", cycle.counts.failures);
    }
    assert!(stdout(&output).contains("† mortal"), "{}", stdout(&output));
    assert!(stderr(&output).contains("the server exit code 3: the bridge is broken"), "{}", stderr(&output));
}

#[test]
fn wrong_answers_and_silence_are_counted() {
    let folder = Folder::new();
    let (wrong, silent) = (python("wrong", "misbehaving.py", "wrong"), python("silent", "misbehaving.py", "silent"));
    folder.load(&[&["--server", &wrong, "--server", &silent, "--timeout", "100ms"], &ONE_CYCLE[..]].concat());
    let result = folder.result();
    let [first, second] = &result.cycles[..] else { panic!() };
    assert!(failures(first, DialogueFailure::WrongAnswer) > 0, "{:?}", first.counts.failures);
    assert!(failures(second, DialogueFailure::AnswerTimedOut) > 0, "{:?}", second.counts.failures);
}

#[test]
fn a_server_that_exits_before_it_listens_is_a_result() {
    let folder = Folder::new();
    let server = python("absent", "misbehaving.py", "exits");
    folder.load(&[&["--server", &server, "--designs", "simple"], &ONE_CYCLE[..]].concat());
    let result = folder.result();
    let ended = result.cycles.iter().find_map(|cycle| cycle.end.as_ref()?.server_ended.clone()).unwrap();
    assert!(ended.starts_with("exited before it listened on port "), "{ended}");
    assert!(ended.ends_with(": exit code 4: no bridge to keep"), "{ended}");
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let folder = Folder::new();
    folder.load(&[&["--server", "none=/nonexistent/server {port}"], &ONE_CYCLE[..]].concat());
    let ended = folder.result().cycles[0].end.clone().unwrap().server_ended.unwrap();
    assert_eq!(ended, "did not start: cannot run '/nonexistent/server': No such file or directory");
}

#[test]
fn an_address_that_refuses_is_a_result() {
    let port = ReservedPort::new();
    let folder = Folder::new();
    folder.load(&[&["localhost", &port.number.to_string()], &ONE_CYCLE[..]].concat());
    let cycle = &folder.result().cycles[0];
    assert!(failures(cycle, DialogueFailure::Refused) > 0 && cycle.counts.dialogues == 0);
}

#[test]
fn a_missed_expectation_exits_with_99_and_names_its_figure() {
    let expect = ["--designs", "simple", "--expect", "errors=0", "--expect", "p99<1ns@2"];
    let folder = Folder::new();
    let output = output(&mut folder.command(&[&expect, &ONE_CYCLE[..]].concat()));
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("\nmissed: p99<1ns@2") && text.contains("\nmet: errors=0"), "{text}");
    assert_eq!(folder.result().status, RunStatus::Completed);
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [(&[&str], &str); 17] = [
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
fn a_folder_that_cannot_be_written_is_found_before_the_first_cycle() {
    let output = output(lab("load").args(["--designs", "simple", "--output", "/proc/results"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("launcelot-lab: cannot write /proc/results: "), "{}", stderr(&output));
}

#[test]
fn results_are_not_overwritten() {
    let folder = Folder::new();
    folder.load(&[&["--designs", "simple"], &ONE_CYCLE[..]].concat());
    let again = output(&mut folder.command(&["--designs", "simple"]));
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
    assert!(stderr(&again).contains("result.json"), "{}", stderr(&again));
}

/// Starts a load of a hundred long cycles, and waits until the first of them is over.
fn start_long_load(folder: &Folder) -> Process {
    let mut command =
        folder.command(&["--designs", "poll", "--clients", "1", "--rounds", "100", "--duration", "300ms"]);
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = process.stderr();
    while !lines.next().starts_with("round 1, ") {}
    process
}

#[test]
fn ctrl_c_keeps_what_was_measured() {
    let folder = Folder::new();
    let mut process = start_long_load(&folder);
    process.signal(Signal::INT);
    assert_eq!(process.wait().code(), Some(130));
    let result = folder.result();
    assert_eq!(result.status, RunStatus::Interrupted);
    assert!(!result.cycles.is_empty() && result.cycles.len() < 100);
    assert!(result.cycles.iter().all(|cycle| cycle.end.is_some()));
    assert!(folder.path().join("report.html").exists());
}

#[test]
fn sigkill_loses_no_finished_cycle() {
    let folder = Folder::new();
    let mut process = start_long_load(&folder);
    // The line of a cycle may come before its file.
    wait::until("the first cycle in the file", || (!folder.result().cycles.is_empty()).then_some(()));
    process.signal(Signal::KILL);
    process.wait();
    let result = folder.result();
    assert_eq!(result.status, RunStatus::Unfinished);
    assert!(result.cycles.iter().any(|cycle| cycle.end.is_some() && cycle.counts.dialogues > 0));
    let report = output(lab("report").arg(folder.path()));
    assert!(report.status.success() && stdout(&report).contains("\npoll "), "{report:?}");
}

#[test]
fn what_a_full_disk_does_not_take_goes_to_standard_output() {
    let folder = Folder::new();
    let cycles = ["--clients", "1:2:3:4:5:6", "--rounds", "1", "--duration", "50ms", "--ramp", "0s"];
    let load = folder.command(&[&["--designs", "simple"], &cycles[..]].concat());
    // 4 KiB: enough for a result without cycles.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(load.get_program()).args(load.get_args());
    let limited = output(&mut shell);
    assert_eq!(limited.status.code(), Some(1), "{}", stderr(&limited));
    assert!(stderr(&limited).contains("the result goes to standard output instead"), "{}", stderr(&limited));
    let result = from_json(&stdout(&limited)).unwrap();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 6));
    assert_eq!(folder.result().status, RunStatus::Unfinished, "the old file is still there");
}

#[test]
fn results_are_printed_in_every_format_and_reported_later() {
    let folder = Folder::new();
    let json = folder.load(&[&["--designs", "simple", "--json"], &ONE_CYCLE[..]].concat());
    assert_eq!(from_json(&stdout(&json)).unwrap(), folder.result());
    for (option, words) in [("--markdown", "| ---"), ("--csv", "simple,"), ("--json", "launcelot-load")] {
        let report = output(lab("report").arg(folder.path()).arg(option));
        assert!(report.status.success() && stdout(&report).contains(words), "{option}: {report:?}");
    }
    let file = folder.path().join("result.json");
    let damaged = fs::read_to_string(&file).unwrap().replacen("\"plan\"", "plan", 1);
    fs::write(&file, damaged).unwrap();
    let report = output(lab("report").arg(&file));
    assert_eq!(report.status.code(), Some(1));
    assert!(stderr(&report).contains("result.json: line "), "{}", stderr(&report));
}

#[test]
fn a_slower_server_is_a_regression() {
    let folder = Folder::new();
    let slow = python("slower", "misbehaving.py", "slow");
    folder.load(&["--designs", "simple", "--server", &slow, "--clients", "1", "--rounds", "6", "--duration", "500ms"]);
    let report =
        output(lab("report").arg(folder.path()).args(["--primary", "questions", "--fail-on-regression", "10%"]));
    assert_eq!(report.status.code(), Some(99), "{report:?}");
    assert!(stdout(&report).contains("slower"), "{report:?}");
    let invalid = output(lab("report").arg(folder.path()).args(["--primary", "answers"]));
    assert_eq!(invalid.status.code(), Some(2), "{invalid:?}");
}

#[test]
fn results_of_one_plan_are_merged_and_others_are_refused() {
    let port = Server::start(Design::Async);
    let [first, second, other, merged] = [(); 4].map(|()| Folder::new());
    let server = ["localhost", &port.port.to_string()].map(ToOwned::to_owned);
    for (folder, questions) in [(&first, "10"), (&second, "10"), (&other, "3")] {
        folder.load(&[&[&*server[0], &server[1], "--questions", questions], &ONE_CYCLE[..]].concat());
    }
    let merge =
        |results: [&Folder; 2]| output(lab("merge").args(results.map(Folder::path)).arg("--output").arg(merged.path()));
    let refused = merge([&first, &other]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("differs"), "{}", stderr(&refused));
    let joined = merge([&first, &second]);
    assert!(joined.status.success(), "{}", stderr(&joined));
    let dialogues = |folder: &Folder| folder.result().cycles[0].counts.dialogues;
    assert_eq!(dialogues(&merged), dialogues(&first) + dialogues(&second));
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

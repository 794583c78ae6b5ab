//! `probe --start`: the prober starts a server for each behaviour, so that a crash ends only one case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::built_in_cases;
use crate::support::load::processes_with;
use crate::support::markdown::workspace;
use crate::support::process::Process;
use crate::support::{process, schema, wait};

/// A server that serves all clients at once.
const GOOD_SERVER: &str = concat!("'", env!("CARGO_BIN_EXE_launcelot-lab"), "' serve --design poll 127.0.0.1");

/// The deadline of a whole probe, which starts a server for each behaviour and may wait for the timeout in several of them.
const PROBE_DEADLINE: Duration = Duration::from_secs(300);

/// Returns the command `python3`, which the server of these tests needs.
fn python() -> &'static str {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found, "cannot run 'python3': these tests probe a server in Python 3.8 or later; install python3");
    "python3"
}

fn naive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/naive.py")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.arg("probe").args(arguments);
    command
}

fn probe(arguments: &[&str]) -> Output {
    process::output_within(PROBE_DEADLINE, &mut command(arguments))
}

/// Probes a server that does everything as expected.
#[track_caller]
fn assert_passes(command: &str) {
    let output = probe(&["--start", command, "--timeout", "60s"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    assert!(text.contains("The server, restarted for each case, was alive after every case."), "{text}");
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_server_that_crashes_is_tested_with_every_case() {
    let command = format!("{} '{}' {{port}}", python(), naive().display());
    let output = probe(&["--start", &command, "--timeout", "5s", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    schema::assert_valid(include_str!("../../../schema/probe.schema.json"), &report);
    assert_eq!((&report["command"], &report["port"]), (&Value::from(command), &Value::Null));
    let rows = report["behaviours"].as_array().unwrap();
    assert_eq!(rows.len(), built_in_cases().len());
    assert!(rows.iter().all(|row| row["verdict"] != "not-run"), "{report:#}");
    let row = |behaviour: &str| rows.iter().find(|row| row["behaviour"] == behaviour).unwrap();
    let expected = [
        ("three questions, one at a time", "as-expected", "alive"),
        ("two questions in one segment", "differs", "alive"),
        ("one and a half in one segment", "differs", "dead"),
        ("an unknown question", "differs", "dead"),
        ("a question that is too long", "differs", "alive"),
        ("end of stream between questions", "as-expected", "alive"),
        ("reset within a question", "differs", "dead"),
        ("an idle client and another", "one-at-a-time", "alive"),
    ];
    for (behaviour, verdict, server) in expected {
        let row = row(behaviour);
        assert_eq!((&row["verdict"], &row["server"]), (&verdict.into(), &server.into()), "{row:#}");
    }
    assert_eq!(row("an unknown question")["exit"], "exit code 1: KeyError: b'Why?'");
    assert!(row("reset within a question")["exit"].as_str().unwrap().contains("ConnectionResetError"));
    assert_eq!(row("three questions, one at a time")["exit"], Value::Null);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_table_shows_how_the_server_exited_and_after_how_many_cases() {
    let command = format!("{} '{}' {{port}}", python(), naive().display());
    let output = probe(&["--start", &command, "--timeout", "5s"]);
    let text = stdout(&output);
    assert!(text.contains("✗ differs        dead\n"), "{text}{}", stderr(&output));
    assert!(text.contains("    the server exited: exit code 1: KeyError: b'Why?'\n"), "{text}");
    assert!(!text.contains("not run"), "{text}");
    let (rows, summary) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(summary.contains("The server, restarted for each case, was dead after "), "{summary}");
    assert!(rows.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_server_with_other_words_is_tested_with_its_script() {
    let server = naive().with_file_name("aphorisms.py");
    let command = format!("{} '{}' {{port}}", python(), server.display());
    let script = workspace().join("docs/scripts/aphorisms.toml");
    let output = probe(&["--start", &command, "--timeout", "5s", "--json", "--script", &script.display().to_string()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    // The server takes all that has arrived for one question, and serves one client at a time.
    let expected = [
        ("three questions, one at a time", "as-expected"),
        ("a question byte by byte", "as-expected"),
        ("two questions in one segment", "differs"),
        ("an unknown question", "as-expected"),
        ("end of stream between questions", "as-expected"),
        ("an idle client and another", "one-at-a-time"),
    ];
    for (behaviour, verdict) in expected {
        let rows = report["behaviours"].as_array().unwrap();
        let row = rows.iter().find(|row| row["behaviour"] == behaviour).unwrap();
        assert_eq!(row["verdict"], verdict, "{row:#}");
    }
}

#[test]
fn the_whole_process_group_of_a_server_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    let log = ids.display();
    assert_passes(&format!("sh -c \"echo $$ >> '{log}'; {GOOD_SERVER} $0 & echo $! >> '{log}'; wait\" {{port}}"));
    let ids = fs::read_to_string(ids).unwrap();
    assert!(ids.lines().count() >= 2 * built_in_cases().len(), "a shell and a server for each: {ids}");
    for id in ids.lines() {
        // The kernel ends a killed process some time after the signal.
        wait::until(&format!("the end of process {id}"), || {
            let command = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
            (!command.contains("--design")).then_some(())
        });
    }
}

#[test]
fn sigkill_of_the_prober_ends_the_server_and_what_it_has_started() {
    const MARK: &str = "LAUNCELOT_TEST_PROBER";
    let mark = std::process::id().to_string();
    let variable = format!("{MARK}={mark}");
    let mut command = command(&["--start", "sh -c 'sleep 600; true' {port}", "--start-timeout", "10m"]);
    command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut prober = Process::start(&mut command);
    let is_sleep = |process: &u32| {
        let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        command.starts_with(b"sleep\0")
    };
    wait::until("the server's child", || processes_with(&variable).iter().any(is_sleep).then_some(()));
    prober.signal(Signal::KILL);
    prober.wait();
    wait::until("the end of the server", || processes_with(&variable).is_empty().then_some(()));
}

#[test]
fn a_command_that_starts_no_server_fails_in_one_line() {
    let cases: [(&[&str], i32, &str); 7] = [
        (&["--start", "sh -c 'echo no such knight >&2; exit 3' {port}"], 1, "exit code 3: no such knight"),
        (&["--start", "/no/such/program {port}"], 1, "cannot run '/no/such/program': No such file"),
        (&["--start", "sleep 1000 {port}", "--start-timeout", "300ms"], 1, "timed out after 300ms"),
        (&["--start", "server 1060"], 2, "{port}"),
        (&["--start", "server 'unclosed {port}"], 2, "quote"),
        (&["--start", ""], 2, "{port}"),
        (&["--start", "server {port}", "localhost"], 2, "cannot be used with"),
    ];
    for (arguments, code, expected) in cases {
        let output = probe(arguments);
        let message = stderr(&output);
        assert_eq!((output.status.code(), message.contains(expected)), (Some(code), true), "{arguments:?}: {message}");
        assert!(code == 2 || message.lines().count() == 1, "{message}");
    }
}

#[test]
fn a_server_whose_port_is_taken_is_started_again_at_another_port() {
    let folder = tempfile::tempdir().unwrap();
    // Its first start fails, as if the port were taken.
    let once = folder.path().join("once");
    assert_passes(&format!(
        "sh -c \"if mkdir '{}' 2>/dev/null; then echo Address already in use >&2; exit 1; fi; exec {GOOD_SERVER} $0\" {{port}}",
        once.display()
    ));
    assert!(once.is_dir());
}

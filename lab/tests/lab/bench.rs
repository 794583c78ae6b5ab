//! The benchmark of the server: designs and other programs that it measures, its output, its files and its exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use launcelot_measure::load::{Level, LoadResult, RunStatus, ServerKind, from_json};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::attempts::{check, within_attempts};
use crate::support::markdown::workspace;
use crate::support::process::{Process, output};
use crate::support::schema;

const SCHEMA: &str = include_str!("../../schema/load.schema.json");

/// The arguments of the shortest load at full speed, without the length of its window.
const SHORT: [&str; 6] = ["--clients", "1", "--in-flight", "1", "--rounds", "1"];

/// The arguments without connections that ask by the clock.
const FULL_SPEED_ONLY: [&str; 2] = ["--connections", "0"];

/// A program that exits before it listens.
const SILLY: &str = "silly=/bin/sh -c 'echo It is a silly place >&2; exit 1' {port}";

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

    fn command(&self, designs: &str) -> Command {
        let mut command = lab(&["bench", "server", "--designs", designs]);
        // Redis would be found in other folders.
        command.arg("--output").arg(self.path()).env("PATH", "/nowhere");
        command
    }

    /// Returns the result of one of the loads.
    fn result(&self, load: &str) -> LoadResult {
        from_json(&fs::read_to_string(self.path().join(load).join("result.json")).unwrap()).unwrap()
    }

    /// Returns whether every server that did not end was answered in every cycle of all loads.
    fn is_measured(&self) -> bool {
        let Ok(loads) = fs::read_dir(self.path()) else { return true };
        let names = loads.map(|load| load.unwrap().file_name().into_string().unwrap());
        names.filter(|name| self.path().join(name).join("result.json").is_file()).all(|name| {
            let result = self.result(&name);
            // In a short window, connections that ask once a second ask nothing. Each has been answered before.
            let is_by_the_clock = !result.plan.dialogue.think.is_zero();
            result.cycles.iter().all(|cycle| {
                let has_ended = cycle.end.as_ref().is_some_and(|end| end.server_ended.is_some());
                let is_answered = cycle.counts.clients_answered > 0;
                has_ended || is_answered && (is_by_the_clock || cycle.counts.questions > 0)
            })
        })
    }
}

/// Runs benchmarks of some designs with longer and longer windows until everything was measured: on a busy machine, a short
/// window may be over before the first answer. `prepare` adds arguments to the command.
#[track_caller]
fn bench_with(designs: &str, prepare: impl Fn(&mut Command)) -> (Folder, Output) {
    let mut durations = ["50ms", "500ms", "3s"].into_iter();
    within_attempts(durations.len(), || {
        let folder = Folder::new();
        let mut command = folder.command(designs);
        command.args(SHORT).args(["--duration", durations.next().unwrap()]);
        prepare(&mut command);
        let output = output(&mut command);
        check(folder.is_measured(), || format!("{output:?}"))?;
        Ok((folder, output))
    })
}

/// Runs a short benchmark of some designs at full speed.
#[track_caller]
fn bench(designs: &str, arguments: &[&str]) -> (Folder, Output) {
    bench_with(designs, |command| {
        command.args(FULL_SPEED_ONLY).args(arguments);
    })
}

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.args(arguments);
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Returns the names of the servers in a result, and the questions that each answered.
fn answered(result: &LoadResult) -> Vec<(&str, u64)> {
    let servers = result.plan.servers.iter().enumerate();
    let questions = |index: usize| {
        let cycles = result.cycles.iter().filter(|cycle| cycle.cycle.server as usize == index);
        cycles.map(|cycle| cycle.counts.questions).sum()
    };
    servers.map(|(index, server)| (server.name.as_str(), questions(index))).collect()
}

#[test]
fn a_short_benchmark_prints_a_table_and_writes_what_a_load_writes() {
    let (folder, output) = bench("async", &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    assert!(text.starts_with("One question in flight on each connection (lockstep)\nlauncelot-lab load "), "{text}");
    assert!(text.lines().any(|line| line.starts_with("async ")), "{text}");
    for file in ["result.json", "latency.hlog", "report.html", "async.stderr.log"] {
        assert!(folder.path().join("lockstep").join(file).is_file(), "no {file}");
    }
    let report = self::output(lab(&["report", "--markdown"]).arg(folder.path().join("lockstep")));
    assert!(stdout(&report).contains("Clients answered"), "{report:?}");
}

#[test]
fn json_has_a_result_for_each_load_and_conforms_to_the_schema() {
    let (folder, output) = bench("async", &["--in-flight", "7", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let documents = printed["results"].as_array().unwrap();
    let in_flight: Vec<_> =
        documents.iter().map(|document| document["plan"]["dialogue"]["in_flight"].clone()).collect();
    assert_eq!(in_flight, [1, 7]);
    for document in documents {
        schema::assert_valid(SCHEMA, document);
        assert!(document["cycles"][0]["counts"]["questions"].as_u64() > Some(0), "{document:#}");
    }
    assert_eq!(folder.result("in-flight-7").plan.dialogue.questions, 10);
}

#[test]
fn markdown_is_one_table_with_a_row_for_each_server() {
    let (_, output) = bench("async,simple", &["--markdown"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let rows: Vec<&str> = stdout(&output).lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() == 2 && rows[0].starts_with("| async | ") && rows[0].contains("µs | "), "{rows:?}");
}

#[test]
fn csv_has_a_line_for_each_cycle_of_all_loads() {
    let (_, output) = bench("async,simple", &["--in-flight", "7", "--csv"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stdout(&output).lines().count(), 1 + 2 * 2, "{}", stdout(&output));
}

#[test]
fn a_cell_that_fails_is_recorded_and_the_others_are_measured() {
    let (folder, output) = bench("async", &["--server", SILLY]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(stderr(&output).lines().last(), Some("launcelot-lab: 1 of 2 cells failed"));
    let result = folder.result("lockstep");
    let [("async", 1..), ("silly", 0)] = answered(&result)[..] else { panic!("{:?}", answered(&result)) };
    let ended: Vec<_> = result.cycles.iter().filter_map(|cycle| cycle.end.as_ref()?.server_ended.as_deref()).collect();
    assert!(ended.len() == 1 && ended[0].ends_with("exit code 1: It is a silly place"), "{ended:?}");

    let (_, output) = bench("async", &["--server", SILLY, "--markdown"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("\n| silly | failed | "), "{}", stdout(&output));
    assert!(stdout(&output).contains("\n`silly` failed with 1 client, lockstep: "), "{}", stdout(&output));
}

#[test]
fn a_program_that_cannot_be_run_is_a_failed_cell_with_the_words_of_the_system() {
    let (_, output) = bench("async", &["--server", "castle=/no/such/castle {port}"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected = "cannot run '/no/such/castle': No such file or directory";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn a_client_that_its_design_does_not_serve_is_not_a_failure() {
    let (folder, output) = bench("simple", &["--clients", "3"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result = folder.result("lockstep");
    let counts = &result.cycles.iter().find(|cycle| cycle.cycle.level == Level::Clients(3)).unwrap().counts;
    assert_eq!((counts.clients_answered, counts.failures.count()), (1, 0));
}

#[test]
fn connections_that_ask_by_the_clock_are_measured_last() {
    let (folder, output) = bench_with("simple,async", |command| {
        command.args(["--connections", "200"]);
    });
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (_, costs) =
        stdout(&output).rsplit_once("\n\nConnections that are silent except for one question a second\n").unwrap();
    assert!(costs.starts_with("async: ") && costs.contains(" KiB of memory a connection ("), "{costs}");
    assert!(costs.contains(" with 2, ") && costs.contains(" with 200)"), "{costs}");
    assert_eq!(answered(&folder.result("seldom")).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["async"]);
}

/// A program that is found as `redis-server`, and answers PING.
fn folder_with_redis() -> TempDir {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("redis-server");
    let server = workspace().join("lab/tests/servers/ping.py");
    fs::write(&program, format!("#!/bin/sh\nexec python3 '{}' \"$@\"\n", server.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn redis_is_asked_its_ping_where_it_is_installed() {
    let redis = folder_with_redis();
    let path = format!("{}:/usr/bin:/bin", redis.path().display());
    let (folder, output) = bench_with("async", |command| {
        command.args(FULL_SPEED_ONLY).env("PATH", &path);
    });
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result = folder.result("lockstep");
    let [("async", 1..), ("redis PING", 1..)] = answered(&result)[..] else { panic!("{:?}", answered(&result)) };
    assert!(matches!(&result.plan.servers[1].kind, ServerKind::Command { command } if command.contains("--save ''")));
}

#[test]
fn ctrl_c_keeps_what_was_measured_and_begins_no_further_load() {
    let folder = Folder::new();
    let mut command = folder.command("async");
    command.args(["--clients", "1", "--rounds", "100", "--duration", "300ms"]);
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = process.stderr();
    while !lines.next().starts_with("round 1, ") {}
    process.signal(Signal::INT);
    assert_eq!(process.wait().code(), Some(130));
    assert_eq!(folder.result("lockstep").status, RunStatus::Interrupted);
    assert!(!folder.path().join("in-flight-50").exists());
}

#[test]
fn invalid_arguments_exit_with_2() {
    let cases: [&[&str]; 7] = [
        &["bench"],
        &["bench", "server", "--designs", "sideways"],
        &["bench", "server", "--clients", "0"],
        &["bench", "server", "--duration", "0s"],
        &["bench", "server", "--json", "--markdown"],
        &["bench", "server", "--server", "async=python3 mine.py {port}"],
        &["--open", "bench", "server"],
    ];
    for arguments in cases {
        assert_eq!(output(&mut lab(arguments)).status.code(), Some(2), "{arguments:?}");
    }
}

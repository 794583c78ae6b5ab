//! The `launcelot-lab load` command with a folder for its results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use launcelot_measure::load::{CycleResult, DialogueFailure, LoadResult, from_json};
use tempfile::TempDir;

use super::markdown::workspace;
use super::process::{Process, output_within};
use super::wait::DEADLINE;

/// A pause between questions, so that a load leaves the processors to other tests that run at the same time.
pub(crate) const WITH_PAUSES: [&str; 2] = ["--think", "1ms"];

/// Two short cycles.
pub(crate) const SHORT: [&str; 10] =
    ["--clients", "1:3", "--rounds", "1", "--duration", "200ms", "--ramp", "20ms", "--think", "1ms"];

/// One cycle, without the length of its window.
pub(crate) const CYCLE: [&str; 8] = ["--clients", "2", "--rounds", "1", "--ramp", "20ms", "--think", "1ms"];

/// One short cycle.
pub(crate) const ONE_CYCLE: [&str; 10] =
    ["--clients", "2", "--rounds", "1", "--duration", "200ms", "--ramp", "20ms", "--think", "1ms"];

/// A folder for the results of one test.
pub(crate) struct Folder {
    parent: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { parent: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join("results")
    }

    pub(crate) fn result(&self) -> LoadResult {
        read(&self.path())
    }

    /// The command, with the folder for its results.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = lab("load");
        command.args(arguments).arg("--output").arg(self.path());
        let is_started = arguments.iter().any(|it| it.starts_with("--designs") || it.starts_with("--server"));
        if is_started && !arguments.contains(&"--start-timeout") {
            command.args(["--start-timeout", "60s"]);
        }
        command
    }

    /// Runs a load that succeeds.
    #[track_caller]
    pub(crate) fn load(&self, arguments: &[&str]) -> Output {
        // Several cycles of ten seconds may be planned.
        let output = output_within(DEADLINE * 3, &mut self.command(arguments));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    }

    /// Starts a load of a hundred cycles, and waits until the first of them is over.
    pub(crate) fn start_long_load(&self) -> Process {
        let cycles = ["--clients", "1", "--rounds", "100", "--duration", "300ms"];
        let mut command = self.command(&[&["--designs", "poll"], &cycles[..], &WITH_PAUSES].concat());
        let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
        let lines = process.stderr();
        while !lines.next().starts_with("round 1, ") {}
        process
    }
}

/// Runs loads with longer and longer windows until a result is as expected: on a busy machine, nothing may happen in a short one.
#[track_caller]
pub(crate) fn load_until(arguments: &[&str], is_expected: impl Fn(&LoadResult) -> bool) -> (LoadResult, Output) {
    let (folder, output) = load_into_folder_until(arguments, is_expected);
    (folder.result(), output)
}

/// Runs loads like [`load_until`], and returns the folder with the expected result.
#[track_caller]
pub(crate) fn load_into_folder_until(
    arguments: &[&str],
    is_expected: impl Fn(&LoadResult) -> bool,
) -> (Folder, Output) {
    let mut last = String::new();
    for duration in ["300ms", "2s", "10s"] {
        let folder = Folder::new();
        let output = folder.load(&[arguments, &["--duration", duration]].concat());
        if is_expected(&folder.result()) {
            return (folder, output);
        }
        last = stdout(&output) + &stderr(&output);
    }
    panic!("not as expected: {last}");
}

pub(crate) fn lab(instrument: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.arg(instrument);
    command
}

pub(crate) fn read(folder: &Path) -> LoadResult {
    from_json(&fs::read_to_string(folder.join("result.json")).unwrap()).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns the messages of a program without the line breaks at 80 columns.
pub(crate) fn unwrapped(output: &Output) -> String {
    stderr(output).replace("\n  ", " ")
}

/// Returns an option that starts a server in Python.
pub(crate) fn python(name: &str, script: &str, arguments: &str) -> String {
    let path = workspace().join("lab/tests/servers").join(script);
    format!("{name}=python3 '{}' {{port}} {arguments}", path.display())
}

pub(crate) fn failures(cycle: &CycleResult, kind: DialogueFailure) -> u64 {
    cycle.counts.failures.iter().filter(|(of_kind, _)| *of_kind == kind).map(|(_, tally)| tally.count).sum()
}

/// Returns the processes with this variable in their environment: those that a program has started, and itself.
pub(crate) fn processes_with(variable: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has ended, but was not reaped, has no environment.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes()) {
            found.push(process);
        }
    }
    found
}

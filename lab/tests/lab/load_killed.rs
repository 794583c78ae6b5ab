//! SIGKILL of the lab: no finished cycle is lost, and no server goes on.

use std::process::Stdio;

use launcelot_measure::load::{CycleResult, RunStatus};
use rustix::process::Signal;

use crate::support::load::{Folder, lab, processes_with, stdout};
use crate::support::process::{Process, output};
use crate::support::wait;

/// A variable by which the processes of a test are found, with a value of its own.
const MARK: &str = "LAUNCELOT_TEST_MARK";

/// Returns an option with a server that a shell starts.
fn in_shell(before: &str) -> String {
    let program = env!("CARGO_BIN_EXE_launcelot-lab");
    format!("--server=mine=sh -c \"{before} '{program}' serve --design poll 127.0.0.1 {{port}}; sleep 60\"")
}

#[test]
fn sigkill_of_the_lab_ends_its_servers_and_what_they_have_started() {
    let child_of_shell = in_shell("");
    let ignores_sigterm = in_shell("trap '' TERM;");
    let cases = [
        ["--designs", "poll"],
        ["--designs", "workers"],
        ["--designs", "processes"],
        ["--designs", "inetd"],
        [child_of_shell.as_str(), "--keep-alive"],
        [ignores_sigterm.as_str(), "--keep-alive"],
    ];
    for (index, case) in cases.into_iter().enumerate() {
        let folder = Folder::new();
        let mark = format!("{}-{index}", std::process::id());
        let variable = format!("{MARK}={mark}");
        let mut command = folder.command(&[&case[..], &["--clients", "2", "--duration", "10m"]].concat());
        command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut lab = Process::start(&mut command);
        wait::until("a server", || (serving(&variable, lab.child.id()) > 0).then_some(()));
        lab.signal(Signal::KILL);
        lab.wait();
        wait::until(&format!("the end of the servers of {case:?}"), || {
            processes_with(&variable).is_empty().then_some(())
        });
    }
}

/// Returns the number of servers among the processes that the lab has started.
fn serving(variable: &str, lab: u32) -> usize {
    let others = processes_with(variable).into_iter().filter(|process| *process != lab);
    let is_server = |process: &u32| {
        let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).nth(1) == Some(b"serve".as_slice())
    };
    others.filter(is_server).count()
}

#[test]
fn sigkill_loses_no_finished_cycle() {
    let folder = Folder::new();
    let mut process = folder.start_long_load();
    // The line of a cycle may come before its file. On a busy machine, nothing may have been answered in the first cycle.
    let is_saved = |cycle: &CycleResult| cycle.end.is_some() && cycle.counts.dialogues > 0;
    wait::until("a cycle in the file", || folder.result().cycles.iter().any(is_saved).then_some(()));
    process.signal(Signal::KILL);
    process.wait();
    let result = folder.result();
    assert_eq!(result.status, RunStatus::Unfinished);
    assert!(result.cycles.iter().any(is_saved));
    let report = output(lab("report").arg(folder.path()));
    assert!(report.status.success() && stdout(&report).contains("\npoll "), "{report:?}");
}

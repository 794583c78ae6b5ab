//! The folder with the results of a load: what cannot be written is found early, and is not lost.

use std::process::Command;

use launcelot_measure::load::{RunStatus, from_json};
use launcelot_server::Design;

use crate::support::fixtures::Server;
use crate::support::load::{Folder, ONE_CYCLE, lab, stderr, stdout, unwrapped};
use crate::support::process::output;

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

#[test]
fn what_a_full_disk_does_not_take_goes_to_standard_output() {
    let server = Server::start(Design::Async);
    let folder = Folder::new();
    let cycles = ["--clients", "1:2:3", "--rounds", "1", "--duration", "50ms", "--ramp", "0s"];
    let load = folder.command(&[&["localhost", &server.port.to_string()], &cycles[..]].concat());
    // 4 KiB: enough for a result without cycles.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]).arg(load.get_program()).args(load.get_args());
    let limited = output(&mut shell);
    assert_eq!(limited.status.code(), Some(1), "{}", stderr(&limited));
    assert!(unwrapped(&limited).contains("the result goes to standard output instead"), "{}", stderr(&limited));
    let result = from_json(&stdout(&limited)).unwrap();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 3));
    assert_eq!(folder.result().status, RunStatus::Unfinished, "the old file is still there");
}

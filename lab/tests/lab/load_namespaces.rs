//! Limits of a machine that a test cannot reach on a machine that others use: it has network and mounts of its own (namespaces(7)).

use std::fs;
use std::process::{Command, Output};

use launcelot_measure::load::{DialogueFailure, RunStatus, from_json};

use crate::support::load::{Folder, failures, stderr, stdout, unwrapped};
use crate::support::process::output;

/// Runs a load in namespaces of its own, after a command of the shell, which may use `$RESULTS`, the parent of the folder with the
/// results, and `$KEPT`, a folder that outlives the namespaces.
fn run(folder: &Folder, kept: &Folder, before: &str, arguments: &[&str]) -> Output {
    fs::create_dir_all(kept.path()).unwrap();
    let load = folder.command(arguments);
    let script = format!(
        "{before} || exit 77; \"$0\" \"$@\"; code=$?; cp \"$RESULTS\"/results/result.json \"$KEPT\"; exit $code"
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--net", "--mount", "sh", "-c", &script]);
    unshare.arg(load.get_program()).args(load.get_args());
    unshare.env("RESULTS", folder.path().parent().unwrap()).env("KEPT", kept.path());
    let output = output(&mut unshare);
    assert_ne!(output.status.code(), Some(77), "{before}: {}", stderr(&output));
    output
}

/// A network with two local ports.
const TWO_PORTS: &str = "ip link set lo up && echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range";

#[test]
fn local_ports_that_do_not_suffice_are_foreseen_and_counted() {
    let [folder, kept] = [(); 2].map(|()| Folder::new());
    // Two ports at each of 254 addresses.
    let clients = ["--designs", "simple", "--clients", "600", "--rounds", "1", "--duration", "500ms", "--ramp", "0s"];
    let output = run(&folder, &kept, TWO_PORTS, &clients);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = unwrapped(&output);
    let foreseen = "warning: 600 connections at once need as many local ports, and net.ipv4.ip_local_port_range has 2 at each of 254 \
                    source addresses. Dialogues beyond them fail with “no free local port”.";
    assert!(text.contains(foreseen), "{text}");
    assert!(
        text.contains(
            "no free local port (Cannot assign requested address (os error 99)), a limit of the load generator"
        ),
        "{text}"
    );
    let cycle = &folder.result().cycles[0];
    assert!(failures(cycle, DialogueFailure::NoLocalPort) > 0, "{:?}", cycle.counts.failures);
}

#[test]
fn a_rate_that_uses_up_the_local_ports_is_foreseen() {
    let [folder, kept] = [(); 2].map(|()| Folder::new());
    let rate = ["--designs", "async", "--rate", "2000", "--rounds", "1", "--duration", "500ms", "--questions", "1"];
    let output = run(&folder, &kept, TWO_PORTS, &rate);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = unwrapped(&output);
    assert!(
        text.contains(
            "warning: 2,000 connects per second need 1,000 local ports, since a closed one stays in TIME_WAIT for "
        ),
        "{text}"
    );
    assert!(failures(&folder.result().cycles[0], DialogueFailure::NoLocalPort) > 0, "{text}");
}

#[test]
fn a_small_file_system_loses_no_finished_cycle() {
    let [folder, kept] = [(); 2].map(|()| Folder::new());
    let cycles =
        ["--designs", "simple", "--clients", "1:2:3:4:5:6:7:8", "--rounds", "1", "--duration", "50ms", "--ramp", "0s"];
    let mount = "ip link set lo up && mount -t tmpfs -o size=20k none \"$RESULTS\"";
    let output = run(&folder, &kept, mount, &cycles);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = unwrapped(&output);
    assert!(text.contains("No space left on device; the run goes on"), "{text}");
    assert!(text.contains("No space left on device; the result goes to standard output instead"), "{text}");
    let printed = from_json(&stdout(&output)).unwrap();
    assert_eq!((printed.status, printed.cycles.len()), (RunStatus::Completed, 8));
    let file = from_json(&fs::read_to_string(kept.path().join("result.json")).unwrap()).unwrap();
    assert_eq!(file.status, RunStatus::Unfinished);
    assert!(
        (1..8).contains(&file.cycles.len()),
        "{} cycles were saved before the file system was full",
        file.cycles.len()
    );
}

#[test]
fn a_file_system_that_cannot_be_written_is_found_before_the_first_cycle() {
    let [folder, kept] = [(); 2].map(|()| Folder::new());
    let mount = "mount -t tmpfs -o ro none \"$RESULTS\"";
    let output = run(&folder, &kept, mount, &["--designs", "simple"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    let begin = format!("launcelot-lab: cannot write {}: Read-only file system\n", folder.path().display());
    assert!(text.starts_with(&begin) && !text.contains("cycle"), "{text}");
}

//! More clients than a server, or the load generator itself, can serve: that is a result.

use std::process::Command;

use launcelot_measure::load::{DialogueFailure, RunStatus};

use crate::support::load::{Folder, failures, load_until, stderr, unwrapped};
use crate::support::process::output;

#[test]
fn five_thousand_clients_of_a_server_that_serves_one_at_a_time_are_a_result() {
    let options = ["--designs", "simple", "--clients", "5000", "--rounds", "1", "--timeout", "2s"];
    let (result, output) = load_until(&options, |result| result.cycles[0].counts.dialogues > 0);
    assert_eq!(result.status, RunStatus::Completed);
    let cycle = &result.cycles[0];
    assert_eq!(cycle.end.as_ref().unwrap().server_ended, None);
    for (kind, tally) in cycle.counts.failures.iter() {
        assert!(!kind.is_own_limit(), "{kind:?}: {tally:?}\n{}", stderr(&output));
    }
}

#[test]
fn a_load_that_needs_more_descriptors_than_it_may_have_says_so_before_and_after() {
    let folder = Folder::new();
    let load = folder.command(&["--designs", "async", "--clients", "400", "--rounds", "1", "--duration", "500ms"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 200; exec \"$0\" \"$@\""]).arg(load.get_program()).args(load.get_args());
    let output = output(&mut shell);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = unwrapped(&output);
    let foreseen =
        "warning: 400 clients need about 464 file descriptors, and the limit of this process is 200 (ulimit -n).";
    assert!(text.contains(foreseen), "{text}");
    assert!(
        text.contains("no free file descriptor (Too many open files (os error 24)), a limit of the load generator"),
        "{text}"
    );
    let cycle = &folder.result().cycles[0];
    assert!(failures(cycle, DialogueFailure::NoDescriptor) > 0, "{:?}", cycle.counts.failures);
}

//! `launcelot-lab load --rate`: an open loop, through servers that are too slow and through a bridge that is stopped.

use std::process::Stdio;

use launcelot_measure::load::{Arrivals, DialogueFailure, LoadMode, RunStatus};
use launcelot_server::Design;

use crate::support::attempts::{check, within_attempts};
use crate::support::fixtures::{Bridge, Server};
use crate::support::load::{Folder, WITH_PAUSES, failures, load_until, unwrapped};
use crate::support::ports::ReservedPort;
use crate::support::process::Process;

#[test]
fn a_bridge_is_asked_by_the_clock() {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, None);
    let url = bridge.url();
    let options = [&url, "--rate", "50", "--arrivals", "steady", "--rounds", "1", "--timeout", "60s"];
    let (result, _) = load_until(&options, |result| result.cycles[0].counts.dialogues > 0);
    assert_eq!(result.cycles[0].counts.failures.count(), 0, "{:?}", result.cycles[0].counts.failures);
}

#[test]
fn each_rate_is_a_cycle_of_dialogues_or_of_questions() {
    for (per, questions) in [("dialogue", 10), ("question", 1)] {
        let rates =
            ["--rate", "20:40:80", "--arrivals", "steady", "--per", per, "--rounds", "1", "--duration", "500ms"];
        within_attempts(5, || {
            let folder = Folder::new();
            folder.load(&[&["--designs", "async", "--timeout", "60s"], &rates[..]].concat());
            let result = folder.result();
            let LoadMode::Open { arrivals, .. } = result.plan.mode else { panic!("{:?}", result.plan.mode) };
            assert_eq!((arrivals, result.cycles.len()), (Arrivals::Steady, 3));
            for (cycle, due) in result.cycles.iter().zip([10, 20, 40]) {
                assert_eq!(cycle.counts.failures.count(), 0, "{:?}", cycle.counts.failures);
                assert_eq!(cycle.counts.dialogue_latency.count(), due);
                // Of the last dialogue, what is asked after the window does not count. On a busy machine, others go on then too.
                let asked = due * questions;
                let measured = cycle.counts.question_latency.count();
                let is_most = (asked + 1 - questions..=asked).contains(&measured);
                check(is_most, || format!("{measured} of {asked} questions, per {per}"))?;
            }
            Ok(())
        });
    }
}

/// The server accepts one client at a time, and each dialogue takes at least 50 ms.
#[test]
fn what_the_cap_holds_back_and_what_is_queued_at_the_end_is_said() {
    let slow = [
        "--designs",
        "simple",
        "--server-think",
        "5ms",
        "--rate",
        "100",
        "--arrivals",
        "steady",
        "--max-in-flight",
        "2",
    ];
    // On a very busy machine, no dialogue that was held back begins within the window, but not every time.
    let (counts, output) = within_attempts(5, || {
        let folder = Folder::new();
        let output = folder.load(&[&slow[..], &["--rounds", "1", "--duration", "500ms"]].concat());
        let counts = folder.result().cycles.remove(0).counts;
        check(counts.queued > 0 && counts.held_back > counts.queued, || {
            format!("{} of {} were queued", counts.queued, counts.held_back)
        })?;
        Ok((counts, output))
    });
    assert_eq!(
        counts.dialogue_latency.count() + counts.queued + counts.failures.count(),
        50,
        "each that was due is counted"
    );
    // It counts from when a dialogue was due, and the queue grows.
    assert!(counts.dialogue_latency.longest().as_millis() > 100, "{:?}", counts.dialogue_latency.longest());
    let text = unwrapped(&output).replace('\u{a0}', " ");
    let held_back = format!(
        "`simple` at 100 arrivals per second: {} dialogues came due when --max-in-flight had been reached, and began late or not at all",
        counts.held_back
    );
    let queued = format!("{} dialogues were due but had not begun when the window ended", counts.queued);
    assert!(text.contains(&held_back) && text.contains(&queued), "{text}");
}

#[test]
fn a_bridge_that_is_stopped_in_the_middle_and_started_again_is_a_result() {
    let server = Server::start(Design::Async);
    let port = ReservedPort::new();
    let bridge = Bridge::start_at(&port, server.port, None);
    let folder = Folder::new();
    let cycles = ["--clients", "3", "--rounds", "8", "--duration", "500ms", "--timeout", "30s"];
    let mut command = folder.command(&[&[&*bridge.url()], &cycles[..], &WITH_PAUSES].concat());
    let mut process = Process::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = process.stderr();
    let wait_for_round = |round: u32| while !lines.next().starts_with(&format!("round {round}, ")) {};
    wait_for_round(1);
    bridge.stop();
    wait_for_round(2);
    wait_for_round(3);
    let _bridge = Bridge::start_at(&port, server.port, None);
    assert!(process.wait().success());
    let result = folder.result();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 8));
    let [first, _, third, rest @ ..] = &result.cycles[..] else { panic!() };
    assert!(first.counts.dialogues > 0 && first.counts.failures.count() == 0, "{:?}", first.counts.failures);
    assert!(
        third.counts.dialogues == 0 && failures(third, DialogueFailure::Refused) > 0,
        "{:?}",
        third.counts.failures
    );
    // Of the next rounds, the first may have begun before the bridge, and a busy machine takes longer to start it.
    assert!(rest.iter().any(|cycle| cycle.counts.dialogues > 0), "the load has not found the bridge again");
}

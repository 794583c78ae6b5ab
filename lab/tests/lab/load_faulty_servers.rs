//! Servers in Python that are not ours, with the faults that everyone writes first, and with worse ones. What they do is a result.

use std::fs;

use launcelot_measure::load::{CycleResult, DialogueFailure, LoadResult, RunStatus};
use regex::Regex;

use crate::support::load::{
    CYCLE, Folder, ONE_CYCLE, SHORT, failures, lab, load_into_folder_until, load_until, python, stderr, stdout,
    unwrapped,
};
use crate::support::markdown::workspace;
use crate::support::process::output;

#[test]
fn a_program_in_another_language_stands_beside_a_design() {
    let own = python("mine", "naive.py", "");
    let is_expected = |result: &LoadResult| result.cycles.iter().all(|cycle| cycle.counts.dialogues > 0);
    let (result, output) = load_until(&[&["--designs", "simple", "--server", &own], &CYCLE[..]].concat(), is_expected);
    assert_eq!(result.cycles.len(), 2);
    for cycle in &result.cycles {
        assert!(cycle.end.as_ref().unwrap().server.as_ref().unwrap().memory_bytes > 0);
    }
    assert!(stdout(&output).contains("\nmine "), "{}", stdout(&output));
}

fn has_server_ended(cycle: &CycleResult) -> bool {
    cycle.end.as_ref().is_some_and(|end| end.server_ended.is_some())
}

#[test]
fn a_server_that_dies_in_a_cycle_is_a_result_and_the_run_goes_on() {
    let server = python("mortal", "misbehaving.py", "dies");
    let is_dead = |cycle: &CycleResult| has_server_ended(cycle) && failures(cycle, DialogueFailure::Refused) > 0;
    let options = ["--server", &server, "--clients", "1:3", "--rounds", "1"];
    let (result, output) = load_until(&options, |result| result.cycles.iter().all(is_dead));
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 2));
    for cycle in &result.cycles {
        let ended = cycle.end.as_ref().unwrap().server_ended.as_deref();
        assert_eq!(ended, Some("ended during the cycle: exit code 3: the bridge is broken"));
    }
    assert!(stdout(&output).contains("† mortal"), "{}", stdout(&output));
    let text = unwrapped(&output);
    assert!(text.contains("the server ended during the cycle: exit code 3: the bridge is broken"), "{text}");
}

#[test]
fn wrong_answers_and_silence_are_counted() {
    let (wrong, silent) = (python("wrong", "misbehaving.py", "wrong"), python("silent", "misbehaving.py", "silent"));
    let options = [&["--server", &wrong, "--server", &silent, "--timeout", "100ms"], &CYCLE[..]].concat();
    let (_, output) = load_until(&options, |result| {
        let [first, second] = &result.cycles[..] else { panic!("{} cycles", result.cycles.len()) };
        failures(first, DialogueFailure::WrongAnswer) > 0 && failures(second, DialogueFailure::AnswerTimedOut) > 0
    });
    assert!(
        unwrapped(&output).contains("wrong answer (\"Yes.\" instead of \"To seek the Holy Grail.\")"),
        "{output:?}"
    );
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
fn how_a_server_ended_is_told_by_its_own_last_line_on_standard_error() {
    let folder = Folder::new();
    // It writes on standard error in its first cycle only, and on standard output in each.
    let script = "echo ready; test -e \"$0\" || { touch \"$0\"; echo first words >&2; }; exit 3";
    let seen = folder.path().with_file_name("seen");
    let server = |name: &str| format!("{name}=sh -c '{script}' '{}' {{port}}", seen.display());
    let simple = ["--designs", "simple", "--clients", "1:2", "--rounds", "1", "--duration", "100ms"];
    folder.load(&[&simple[..], &["--server", &server("a b"), "--server", &server("a-b")]].concat());
    let ends: Vec<_> =
        folder.result().cycles.iter().filter_map(|cycle| cycle.end.as_ref()?.server_ended.clone()).collect();
    assert_eq!(ends.len(), 4);
    // A server that exits is started three times in a cycle, and the last time counts.
    assert!(ends.iter().all(|end| end.ends_with(": exit code 3")), "{ends:?}");
    for (file, words) in [("a%20b.stderr.log", "first words\n"), ("a-b.stderr.log", "")] {
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), words, "{file}");
    }
    assert!(fs::read_to_string(folder.path().join("a-b.stdout.log")).unwrap().starts_with("ready\nready\n"));
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let folder = Folder::new();
    let output =
        output(&mut folder.command(&[&["--server", "none=/nonexistent/server {port}"], &ONE_CYCLE[..]].concat()));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).ends_with("launcelot-lab: nothing was measured: no server could be started\n"),
        "{output:?}"
    );
    let ended = folder.result().cycles[0].end.clone().unwrap().server_ended.unwrap();
    assert_eq!(ended, "did not start: cannot run '/nonexistent/server': No such file or directory");
}

#[test]
fn sigkill_of_a_server_in_a_cycle_is_a_result_and_the_next_cycle_has_a_new_one() {
    let server = python("killed", "misbehaving.py", "killed");
    let options = ["--server", &server, "--clients", "2", "--rounds", "2"];
    let (result, output) = load_until(&options, |result| result.cycles.iter().all(has_server_ended));
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 2));
    for cycle in &result.cycles {
        let ended = cycle.end.as_ref().unwrap().server_ended.as_deref();
        assert_eq!(ended, Some("ended during the cycle: killed by SIGKILL"));
    }
    assert!(unwrapped(&output).contains("the server ended during the cycle: killed by SIGKILL."), "{output:?}");
}

#[test]
fn a_server_that_answers_half_of_the_questions_times_out() {
    let server = python("half", "misbehaving.py", "half");
    let options = [&["--server", &server, "--timeout", "100ms"], &CYCLE[..]].concat();
    let is_expected = |result: &LoadResult| {
        let cycle = &result.cycles[0];
        failures(cycle, DialogueFailure::AnswerTimedOut) > 0 && cycle.counts.question_latency.count() > 0
    };
    let (result, _) = load_until(&options, is_expected);
    assert_eq!(result.cycles[0].counts.dialogues, 0);
}

#[test]
fn a_slow_server_is_slow_and_not_wrong() {
    let server = python("slow", "misbehaving.py", "slow");
    let options = [&["--server", &server, "--timeout", "30s"], &CYCLE[..]].concat();
    let (result, _) = load_until(&options, |result| result.cycles[0].counts.dialogues > 0);
    let counts = &result.cycles[0].counts;
    assert_eq!(counts.failures.count(), 0, "{:?}", counts.failures);
    assert!(counts.question_latency.summary().shortest.as_millis() >= 20);
}

#[test]
fn a_server_that_never_listens_is_a_result() {
    let folder = Folder::new();
    let server = python("deaf", "misbehaving.py", "never-listens");
    let options = [&["--designs", "simple", "--server", &server, "--start-timeout", "3s"], &SHORT[..]].concat();
    let output = folder.load(&options);
    let result = folder.result();
    let of_deaf = result.cycles.iter().filter(|cycle| cycle.cycle.server == 1);
    let ended: Vec<_> = of_deaf.filter_map(|cycle| cycle.end.as_ref()?.server_ended.clone()).collect();
    assert_eq!(ended.len(), 2, "the run goes on");
    for reason in ended {
        assert!(reason.starts_with("did not listen on port ") && reason.ends_with(" within 3s"), "{reason}");
    }
    assert!(stdout(&output).contains("† deaf"), "{}", stdout(&output));
}

/// A server that takes what has arrived for one question works in lockstep, and not with questions in flight.
#[test]
fn a_server_that_loses_what_came_after_a_question_fails_with_questions_in_flight() {
    let server = python("mine", "naive.py", "");
    let options = ["--server", &server, "--clients", "1", "--rounds", "1"];
    let lockstep = [&options[..], &["--timeout", "60s"]].concat();
    let (lockstep, _) = load_until(&lockstep, |result| result.cycles[0].counts.dialogues > 0);
    assert_eq!(lockstep.cycles[0].counts.failures.count(), 0, "{:?}", lockstep.cycles[0].counts.failures);
    let in_flight = [&options[..], &["--in-flight", "5", "--timeout", "1s"]].concat();
    let (result, _) = load_until(&in_flight, |result| result.cycles[0].counts.failures.count() > 0);
    for (kind, tally) in result.cycles[0].counts.failures.iter() {
        let kinds = [DialogueFailure::WrongAnswer, DialogueFailure::AnswerTimedOut];
        assert!(kinds.contains(&kind), "{kind:?}: {tally:?}");
    }
}

#[test]
fn a_server_with_other_words_is_asked_by_a_script() {
    let server = python("zen", "aphorisms.py", "");
    let script = workspace().join("docs/scripts/aphorisms.toml").display().to_string();
    let options = [&["--server", &server], &CYCLE[..]].concat();
    load_until(&options, |result| failures(&result.cycles[0], DialogueFailure::WrongAnswer) > 0);
    let by_script = [&options[..], &["--script", &script]].concat();
    let (result, _) = load_until(&by_script, |result| result.cycles[0].counts.dialogues > 0);
    assert_eq!(result.cycles[0].counts.failures.count(), 0, "{:?}", result.cycles[0].counts.failures);
}
#[test]
fn a_slower_server_is_a_regression() {
    let slow = python("mine", "misbehaving.py", "slow");
    let options = ["--designs", "simple", "--server", &slow, "--clients", "1", "--rounds", "6", "--think", "1ms"];
    // Each cycle needs a few of the 20 ms that an answer takes.
    let is_compared = |result: &LoadResult| result.cycles.iter().all(|cycle| cycle.counts.questions >= 5);
    let (folder, _) = load_into_folder_until(&options, is_compared);
    let report =
        output(lab("report").arg(folder.path()).args(["--primary", "questions", "--fail-on-regression", "10%"]));
    assert_eq!(report.status.code(), Some(99), "{report:?}");
    let text = stdout(&report).replace(['\n', '\u{a0}'], " ");
    let sentence = Regex::new(
        r"mine has 0\.\d{3} times \(95 % interval 0\.\d{3} to 0\.\d{3}\) as many questions per second at 1 client as simple",
    );
    assert!(sentence.unwrap().is_match(&text), "{text}");
    let invalid = output(lab("report").arg(folder.path()).args(["--primary", "answers"]));
    assert_eq!(invalid.status.code(), Some(2), "{invalid:?}");
}

//! Servers in Python that are not ours, with the faults that everyone writes first, and with worse ones. What they do is a result.

use launcelot_measure::load::{DialogueFailure, RunStatus};

use crate::support::load::{Folder, ONE_CYCLE, failures, lab, python, stdout, unwrapped};
use crate::support::markdown::workspace;
use crate::support::process::output;

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
        assert_eq!(ended, Some("ended during the cycle: exit code 3: the bridge is broken"));
        assert!(failures(cycle, DialogueFailure::Refused) > 0, "{:?}", cycle.counts.failures);
    }
    assert!(stdout(&output).contains("† mortal"), "{}", stdout(&output));
    let text = unwrapped(&output);
    assert!(text.contains("the server ended during the cycle: exit code 3: the bridge is broken"), "{text}");
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
fn sigkill_of_a_server_in_a_cycle_is_a_result_and_the_next_cycle_has_a_new_one() {
    let folder = Folder::new();
    let server = python("killed", "misbehaving.py", "killed");
    let output = folder.load(&["--server", &server, "--clients", "2", "--rounds", "2", "--duration", "500ms"]);
    let result = folder.result();
    assert_eq!((result.status, result.cycles.len()), (RunStatus::Completed, 2));
    for cycle in &result.cycles {
        let ended = cycle.end.as_ref().unwrap().server_ended.as_deref();
        assert_eq!(ended, Some("ended during the cycle: killed by SIGKILL"));
    }
    assert!(unwrapped(&output).contains("the server ended during the cycle: killed by SIGKILL."), "{output:?}");
}

#[test]
fn a_server_that_answers_half_of_the_questions_times_out() {
    let folder = Folder::new();
    let server = python("half", "misbehaving.py", "half");
    folder.load(&[&["--server", &server, "--timeout", "100ms"], &ONE_CYCLE[..]].concat());
    let cycle = &folder.result().cycles[0];
    assert!(failures(cycle, DialogueFailure::AnswerTimedOut) > 0, "{:?}", cycle.counts.failures);
    assert_eq!((cycle.counts.dialogues, cycle.counts.failures.iter().count()), (0, 1));
    assert!(cycle.counts.question_latency.count() > 0, "answers that came are counted");
}

#[test]
fn a_slow_server_is_slow_and_not_wrong() {
    let folder = Folder::new();
    let server = python("slow", "misbehaving.py", "slow");
    folder.load(&["--server", &server, "--clients", "2", "--rounds", "1", "--duration", "1s"]);
    let counts = &folder.result().cycles[0].counts;
    assert!(counts.failures.count() == 0 && counts.question_latency.summary().shortest.as_millis() >= 20, "{counts:?}");
}

#[test]
fn a_server_that_never_listens_is_a_result() {
    let folder = Folder::new();
    let server = python("deaf", "misbehaving.py", "never-listens");
    let output = folder
        .load(&[&["--server", &server, "--designs", "simple", "--start-timeout", "300ms"], &ONE_CYCLE[..]].concat());
    let result = folder.result();
    let ended: Vec<_> = result.cycles.iter().filter_map(|cycle| cycle.end.as_ref()?.server_ended.clone()).collect();
    let [ended] = &ended[..] else { panic!("{ended:?}") };
    assert!(ended.starts_with("timed out after 300ms while waiting for it to listen on port "), "{ended}");
    assert!(stdout(&output).contains("† deaf"), "{}", stdout(&output));
    assert!(result.cycles.iter().any(|cycle| cycle.counts.dialogues > 0), "the design was measured");
}

/// A server that takes what has arrived for one question works in lockstep, and not with questions in flight.
#[test]
fn a_server_that_loses_what_came_after_a_question_fails_with_questions_in_flight() {
    let server = python("mine", "naive.py", "");
    for (in_flight, fails) in [("1", false), ("5", true)] {
        let folder = Folder::new();
        let options = ["--server", &server, "--in-flight", in_flight, "--timeout", "300ms"];
        folder.load(
            &["--clients", "1", "--rounds", "1", "--duration", "500ms"]
                .iter()
                .chain(&options)
                .copied()
                .collect::<Vec<_>>(),
        );
        let cycle = &folder.result().cycles[0];
        assert_eq!(failures(cycle, DialogueFailure::AnswerTimedOut) > 0, fails, "{:?}", cycle.counts.failures);
        assert_eq!(cycle.counts.dialogues > 0, !fails);
    }
}

#[test]
fn a_server_with_other_words_is_asked_by_a_script() {
    let server = python("zen", "aphorisms.py", "");
    let script = workspace().join("docs/scripts/aphorisms.toml");
    for (script, fails) in [(None, true), (Some(script), false)] {
        let folder = Folder::new();
        let mut arguments = vec!["--server".to_owned(), server.clone()];
        arguments.extend(script.into_iter().flat_map(|script| ["--script".to_owned(), script.display().to_string()]));
        arguments.extend(ONE_CYCLE.map(str::to_owned));
        folder.load(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let cycle = &folder.result().cycles[0];
        assert_eq!(failures(cycle, DialogueFailure::WrongAnswer) > 0, fails, "{:?}", cycle.counts.failures);
        assert_eq!(cycle.counts.dialogues > 0, !fails);
    }
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

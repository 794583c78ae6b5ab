//! `launcelot-lab load --expect`: what is measured is checked, and what cannot be checked is refused before the run.

use launcelot_measure::load::RunStatus;

use crate::support::attempts::{check, within_attempts};
use crate::support::load::{CYCLE, Folder, ONE_CYCLE, stderr, unwrapped};
use crate::support::process::output;

#[test]
fn a_missed_expectation_exits_with_99_and_names_its_figure() {
    let expect = ["--designs", "simple", "--expect", "errors=0", "--expect", "p99<1ns@2"];
    // On a busy machine, a short window has no samples.
    let mut durations = ["200ms", "2s", "10s"].into_iter();
    within_attempts(durations.len(), || {
        let duration = durations.next().unwrap();
        let folder = Folder::new();
        let options = [&expect, &CYCLE[..], &["--duration", duration]].concat();
        let output = output(&mut folder.command(&options));
        assert_eq!(folder.result().status, RunStatus::Completed);
        let text = stderr(&output);
        let is_said = text.contains("\nmissed: p99<1ns@2") && text.contains("\nmet: errors=0");
        check(output.status.code() == Some(99) && is_said, || format!("{:?}: {text}", output.status))
    });
}

#[test]
fn every_kind_of_expectation_is_checked_with_its_figure() {
    let met = [
        "p50<10s",
        "p90 <= 10s",
        "p95<10000ms",
        "p99<10s@2",
        "max<60s",
        "first.p50>1ns",
        "first.max<60s",
        "dialogue.p90<10s",
        "rate>0",
        "dialogues>=0.1@2",
        "questions>1",
        "errors=0",
        "poll:errors<1@2",
        "poll:rate>0",
    ];
    let expect: Vec<&str> = met.iter().flat_map(|expectation| ["--expect", expectation]).collect();
    // On a busy machine, a short window has too few samples.
    let durations = ["300ms", "2s", "10s"].into_iter();
    let mut outputs = durations.map(|duration| {
        let options = [&["--designs", "poll", "--duration", duration], &CYCLE[..], &expect].concat();
        output(&mut Folder::new().command(&options))
    });
    let met_output = outputs.find(|output| output.status.success()).expect("an expectation was missed");
    let text = unwrapped(&met_output);
    for expectation in met {
        let line = format!("met: {expectation} for poll at 2 clients: ");
        assert!(text.contains(&line), "{line}\n{text}");
    }
}

#[test]
fn expectations_that_cannot_be_checked_are_usage_errors() {
    let cases = [
        ("p99", "one of <, <=, >, >= and = is missing, as in 'p99<2ms'"),
        ("p98<2ms", "unknown figure 'p98'"),
        ("first.rate<2", "unknown figure 'first.rate'"),
        ("p99<2", "'2' has no unit: a time needs ns, us, ms or s"),
        ("errors=0ms", "errors is not a time: its limit cannot have a unit"),
        ("rate>many", "'many' is neither a number nor a time such as 2ms"),
        ("rate>1000@", "'' is not a number of clients or a rate"),
        ("rate>1000@20", "the expectation 'rate>1000@20' names level 20, but the plan has only: 2"),
        ("threads:rate>1", "the expectation 'threads:rate>1' names the server 'threads', but the plan has only: poll"),
        (":rate>1", "names the server '', but the plan has only: poll"),
    ];
    for (expectation, words) in cases {
        let folder = Folder::new();
        let output =
            output(&mut folder.command(&[&["--designs", "poll", "--expect", expectation], &ONE_CYCLE[..]].concat()));
        assert_eq!(output.status.code(), Some(2), "{expectation}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{expectation}: {}", stderr(&output));
        assert!(!folder.path().exists(), "{expectation}");
    }
}

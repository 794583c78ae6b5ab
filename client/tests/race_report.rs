//! What a race says, of runs whose times are known.

#![allow(clippy::unwrap_used, reason = "in a test, a panic reports the failure")]

use std::time::Duration;

use launcelot_client::lab::LabError;
use launcelot_client::race::RaceResult;
use launcelot_client::report::race::race;
use launcelot_measure::{Order, QuestionTiming, Run, RunStatus, Step, Turn};

/// A run that was connected, asked and answered at these milliseconds.
fn run(connected: u64, exchanges: &[(u64, u64)]) -> Run {
    let ms = Duration::from_millis;
    let questions = exchanges.iter().map(|_| "What?".to_owned());
    let mut run = Run::new(String::new(), Order::OneAtATime, Duration::from_nanos(20), questions);
    run.record(Step::Connected { at: ms(connected) });
    for (asked, _) in exchanges {
        run.record(Step::Asked { at: ms(*asked) });
    }
    for (_, answered) in exchanges {
        run.record(Step::Answered { at: ms(*answered), answer: "This.".to_owned() });
    }
    Run { status: RunStatus::Complete, ..run }
}

fn result(turns: &[Turn<Run>]) -> RaceResult {
    RaceResult { first: turns[0].clone(), more_turns: turns[1..].to_vec(), ..RaceResult::default() }
}

/// What is said of these turns, the sentences without their line breaks.
fn report(turns: &[Turn<Run>]) -> String {
    let report = race(&result(turns));
    let (drawing, said) = report.split_once("From the").expect("the sentence follows the drawing");
    format!("{drawing}From the{}", said.replace('\n', " "))
}

#[test]
fn with_three_connections_the_time_is_from_the_first_question_to_the_last_answer() {
    // Each question takes 30 ms, but the second and the third connection are late.
    let first = Turn {
        one_at_a_time: vec![run(1, &[(1, 31), (31, 61), (61, 91)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]), run(20, &[(20, 50)]), run(41, &[(41, 71)])],
    };
    let said = report(&[first]);
    assert!(said.contains("30 ms sent ahead (one round trip), 70 ms with a connection each"), "{said}");
    assert!(said.contains("the last of those opened 40 ms after the first"), "{said}");
    assert!(said.contains("in one turn: 90 ms"), "{said}");
    assert!(said.contains("In this race one at a time takes 3.0 times as long as sent ahead."), "{said}");
}

#[test]
fn the_drawing_and_the_text_fit_into_80_columns() {
    let question = "What is the airspeed velocity of an unladen swallow, African or European?";
    let long = |run: Run| Run {
        questions: run
            .questions
            .into_iter()
            .map(|asked| QuestionTiming { question: question.to_owned(), ..asked })
            .collect(),
        ..run
    };
    let turn = Turn {
        one_at_a_time: vec![long(run(1, &[(1, 31), (31, 61), (61, 91)]))],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]), run(20, &[(20, 50)]), run(41, &[(41, 71)])],
    };
    assert_fits_80_columns(&race(&result(&[turn.clone(), turn])));
}

fn assert_fits_80_columns(report: &str) {
    assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
}

#[test]
fn attributed_handshakes_are_marked_and_explained() {
    let attributed = |ms: u64, run: Run| Run { attributed_handshake: Some(Duration::from_millis(ms)), ..run };
    let turn = Turn {
        one_at_a_time: vec![attributed(99, run(100, &[(100, 200), (200, 300), (300, 400)]))],
        sent_ahead: vec![attributed(99, run(100, &[(100, 200), (100, 200), (100, 200)]))],
        at_once: vec![attributed(98, run(100, &[(100, 200)])), attributed(99, run(100, &[(100, 200)]))],
    };
    let report = race(&result(&[turn]));
    assert_fits_80_columns(&report);
    assert_eq!(report.matches("  (connecting)* ").count(), 4, "{report}");
    let text = report.replace('\n', " ");
    assert!(text.contains("* The last 98 ms to 99 ms of connecting are the emulated link's handshake"), "{report}");
    assert!(text.contains("attributed as the lab told it, not measured"), "{report}");
}

#[test]
fn a_lab_that_cannot_tell_the_handshakes_is_named() {
    let turn = Turn { one_at_a_time: vec![run(1, &[(1, 2)])], ..Turn::default() };
    let lab_error = Some(LabError::NotSeen("http://localhost:8080".to_owned()));
    let report = race(&RaceResult { lab_error, ..result(&[turn]) });
    assert_fits_80_columns(&report);
    let expected = "An emulated link's handshake is not known, and would be part of the first question: \
                    http://localhost:8080 has not seen this dialogue.";
    assert!(report.replace('\n', " ").contains(expected), "{report}");
}

#[test]
fn the_median_turn_is_drawn_and_the_turns_are_told() {
    let turn = |ms: u64| Turn {
        one_at_a_time: vec![run(1, &[(1, 1 + ms), (1 + ms, 1 + 2 * ms)])],
        sent_ahead: vec![run(1, &[(1, 1 + ms), (1, 1 + ms)])],
        at_once: vec![run(1, &[(1, 1 + ms)]), run(1, &[(1, 1 + ms)])],
    };
    let said = report(&[turn(29), turn(30), turn(34)]);
    assert!(said.starts_with("one at a time: 61 ms (asking 58 ms to 68 ms in 3 turns)\n"), "{said}");
    assert!(said.contains("the median of 3 turns: 60 ms one at a time"), "{said}");
    assert!(said.contains("takes 2.0 times as long as"), "{said}");

    // One of them was late once, as it happens on a short link.
    let late = Turn { sent_ahead: vec![run(1, &[(1, 90), (1, 90)])], ..turn(30) };
    let said = report(&[turn(29), late, turn(34)]);
    assert!(said.contains("the turns overlap") && said.contains("Try a longer link."), "{said}");
    assert!(!said.contains("times as long"), "{said}");
}

#[test]
fn a_way_that_takes_longer_when_sent_ahead_is_never_a_fraction_as_fast() {
    let turn = Turn {
        one_at_a_time: vec![run(1, &[(1, 2), (2, 3), (3, 4)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]); 2],
    };
    let said = report(&[turn]);
    assert!(said.contains("sent ahead takes 10.0 times as long as one at a time"), "{said}");
}

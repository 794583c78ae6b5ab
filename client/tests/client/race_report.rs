//! The report of a race, computed from runs whose times each test sets.

use std::time::Duration;

use launcelot_client::lab::LabError;
use launcelot_client::race::RaceResult;
use launcelot_client::report::race::race;
use launcelot_measure::{Order, QuestionTiming, Run, RunStatus, Step, Turn};

/// Returns a complete run. Connecting ends after `connected` milliseconds; each exchange is when the question was asked
/// and answered, in milliseconds.
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

/// Returns the report of these turns, with its sentences on one line.
fn report(turns: &[Turn<Run>]) -> String {
    let report = race(&result(turns));
    let (drawing, text) = report.split_once("Asked one at a time, ").expect("the sentence follows the drawing");
    format!("{drawing}Asked one at a time, {}", text.replace('\n', " "))
}

#[test]
fn with_three_connections_the_time_is_from_the_first_question_to_the_last_answer() {
    // Each question takes 30 ms, but the second and the third connection are late.
    let first = Turn {
        one_at_a_time: vec![run(1, &[(1, 31), (31, 61), (61, 91)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]), run(20, &[(20, 50)]), run(41, &[(41, 71)])],
    };
    let text = report(&[first]);
    for expected in [
        "needed three round trips: 90 ms.",
        "they needed one: 30 ms.",
        "In this one turn, asking one at a time took 3.0 times as long as sending ahead.",
        "own: 70 ms from the first question to the last answer.",
        "The last connection opened 40 ms after the first.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
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
    assert!(text.contains("attributed as the lab reported it, not measured"), "{report}");
}

#[test]
fn a_lab_without_the_handshakes_is_reported() {
    let turn = Turn { one_at_a_time: vec![run(1, &[(1, 2)])], ..Turn::default() };
    let lab_error = Some(LabError::NoTrace("http://localhost:8080".to_owned()));
    let report = race(&RaceResult { lab_error, ..result(&[turn]) });
    assert_fits_80_columns(&report);
    let expected = "An emulated link's handshake is unknown, and would be part of the first question: \
                    http://localhost:8080 has no trace of this dialogue.";
    assert!(report.replace('\n', " ").contains(expected), "{report}");
}

#[test]
fn the_median_turn_is_drawn_and_all_turns_are_described() {
    let turn = |ms: u64| Turn {
        one_at_a_time: vec![run(1, &[(1, 1 + ms), (1 + ms, 1 + 2 * ms)])],
        sent_ahead: vec![run(1, &[(1, 1 + ms), (1, 1 + ms)])],
        at_once: vec![run(1, &[(1, 1 + ms)]), run(1, &[(1, 1 + ms)])],
    };
    let text = report(&[turn(29), turn(30), turn(34), turn(31)]);
    assert!(text.starts_with("one at a time: 61 ms (asking 58 ms to 68 ms in 4 turns)\n"), "{text}");
    assert!(
        text.contains("needed two round trips: 60 ms.") && text.contains("Going by the medians of 4 turns, "),
        "{text}"
    );
    assert!(text.contains("takes 2.0 times as long as"), "{text}");

    // One late answer, as it happens on a short link.
    let late = Turn { sent_ahead: vec![run(1, &[(1, 90), (1, 90)])], ..turn(30) };
    let text = report(&[turn(29), late, turn(34), turn(30)]);
    assert!(text.contains("these two ways overlap") && text.contains("Try a longer link."), "{text}");
    assert!(!text.contains("times as long"), "{text}");
}

#[test]
fn the_report_says_if_sent_ahead_took_longer_than_one_at_a_time() {
    let turn = Turn {
        one_at_a_time: vec![run(1, &[(1, 2), (2, 3), (3, 4)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]); 2],
    };
    let text = report(&[turn]);
    assert!(text.contains("sending ahead took 10.0 times as long as asking one at a time"), "{text}");
}

//! What a race says, of runs whose times are known.

use std::time::Duration;

use launcelot_client::race::RaceResult;
use launcelot_client::report::race::race;
use launcelot_measure::{Ending, Order, Run, Step};

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
    Run { ending: Ending::Complete, ..run }
}

#[test]
fn with_three_connections_the_time_is_from_the_first_question_to_the_last_answer() {
    // Each question takes 30 ms, but the second and the third connection are late.
    let result = RaceResult {
        one_at_a_time: vec![run(1, &[(1, 31), (31, 61), (61, 91)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)]), run(20, &[(20, 50)]), run(41, &[(41, 71)])],
    };
    let report = race(&result);
    assert!(report.contains("30 ms sent ahead (one round trip), 70 ms with a connection each"), "{report}");
    assert!(report.contains("In this one race: one at a time takes 3.0 times as long as sent ahead."), "{report}");
}

#[test]
fn a_way_that_takes_longer_when_sent_ahead_is_never_a_fraction_as_fast() {
    let result = RaceResult {
        one_at_a_time: vec![run(1, &[(1, 2), (2, 3), (3, 4)])],
        sent_ahead: vec![run(1, &[(1, 31), (1, 31), (1, 31)])],
        at_once: vec![run(1, &[(1, 31)])],
    };
    let report = race(&RaceResult { at_once: vec![result.at_once[0].clone(), result.at_once[0].clone()], ..result });
    assert!(report.contains("sent ahead takes 10.0 times as long as one at a time"), "{report}");
}

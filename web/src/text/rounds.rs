//! What many rounds say, in plain sentences.

use std::time::Duration;

use launcelot_measure::Summary;
use launcelot_measure::compare::Difference;
use launcelot_measure::unit::{format_count, format_duration};
use launcelot_measure::{Connections, PERCENTILES, Reading, Rounds, RoundsPlan, RunStatus, Stopwatch};

use super::{limits, link};
use crate::state::rounds::StoredRounds;

/// How long Chromium waits after a WebSocket handshake before it begins the next with the same host.
const CHROMIUM_DELAY: Duration = Duration::from_millis(10);

/// A name that none of the others has.
pub fn unique_name(name: String, others: &[&str]) -> String {
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !others.contains(&name.as_str())).unwrap_or(name)
}

/// What rounds are called before a person names them.
pub fn name(plan: &RoundsPlan, route: &str) -> String {
    let mut name = format!("{} rounds, {route}", format_count(plan.counted().into()));
    if plan.connections == Connections::Each {
        name += ", a new connection each";
    }
    if let Some(pace) = plan.pace {
        name += &format!(", every {}", format_duration(pace));
    }
    name
}

/// Whether the page has made the name of a series, and not a person.
pub fn is_automatic_name(rounds: &Rounds) -> bool {
    let begin = name(&RoundsPlan { connections: Connections::One, pace: None, ..rounds.plan }, "");
    rounds.name.starts_with(&begin)
}

/// How far they are.
pub fn progress(rounds: &Rounds) -> String {
    format!("{} of {} rounds", format_count(rounds.done() as u64), format_count(rounds.plan.rounds.into()))
}

/// What the numbers say.
pub fn meaning(rounds: &Rounds, summary: &Summary) -> String {
    let ended = match &rounds.status {
        RunStatus::Running => return "Asking…".to_owned(),
        RunStatus::Complete => String::new(),
        RunStatus::Stopped => format!("Stopped after {}. ", progress(rounds)),
        RunStatus::Broken(why) if summary.count == 0 => format!("{why} "),
        RunStatus::Broken(why) => {
            format!("{why} That was after {}; the answers so far are kept. ", progress(rounds))
        }
    };
    // What broke the rounds is said already.
    let is_reported = matches!(rounds.status, RunStatus::Broken(_)) && rounds.errors == 1;
    let failed = if is_reported { String::new() } else { failed(rounds) };
    if summary.count == 0 {
        return format!("{ended}{failed}No round after the warm-up was answered.");
    }
    let took = |time| Reading::new(time, rounds.clock_step);
    let within = |index: usize, part: &str| {
        let time = took(summary.percentiles[index]?);
        let within = if time.is_known() { "within" } else { "in" };
        Some(format!("{part} {within} {}", time.describe()))
    };
    let half = if failed.is_empty() { "Half of the answers arrived" } else { "Half of the other rounds were answered" };
    let carried: Vec<String> = within(0, half).into_iter().chain(within(2, "99 of 100")).collect();
    let longest = took(summary.longest).describe();
    match carried.join(", ") {
        none if none.is_empty() => format!("{ended}{failed}The longest wait was {longest}."),
        carried => format!("{ended}{failed}{carried}; the longest wait was {longest}."),
    }
}

/// How many rounds failed, and why: `75 of 900 rounds failed: 60 × …, 15 × …. `; nothing if none did.
fn failed(rounds: &Rounds) -> String {
    if rounds.errors == 0 {
        return String::new();
    }
    let all = limits::count(rounds.done(), "round", "rounds");
    let reasons = match rounds.failures.describe() {
        none if none.is_empty() => none,
        reasons => [": ", &reasons].concat(),
    };
    format!("{} of {all} failed{reasons}. ", format_count(rounds.errors.into()))
}

/// Why the curve is what it is with such a stopwatch. `median` returns the median of the rounds with a stopwatch.
pub fn why(rounds: &Rounds, stopwatch: Stopwatch, mut median: impl FnMut(Stopwatch) -> Duration) -> String {
    let describe = |median| Reading::new(median, rounds.clock_step).describe();
    match (stopwatch, rounds.plan.connections, rounds.plan.pace) {
        (Stopwatch::Question, ..) => {
            "Measured from each question to its answer. Time spent connecting or queueing is not included.".to_owned()
        }
        (Stopwatch::Connecting, Connections::One, _) => {
            let first = if rounds.plan.warm_up > 0 { ", and it was a warm-up round" } else { "" };
            format!(
                "All rounds shared one connection, so only the first includes connecting{first}. The curve is the \
                 same as that timed from the question."
            )
        }
        (Stopwatch::Connecting, Connections::Each, _) => {
            let [round, question] = [Stopwatch::Connecting, Stopwatch::Question].map(&mut median);
            format!(
                "Every round opened a connection of its own. At the median, a round took {} and its question {}.{}",
                describe(round),
                describe(question),
                if is_delayed_by_the_browser(rounds, round) {
                    " Browsers delay connections opened in quick succession (Chromium by up to 10 ms); that is part of the time."
                } else {
                    ""
                }
            )
        }
        (Stopwatch::Due, connections, None) => format!(
            "Without a pace, each round was due when the previous answer arrived, so no round waited in a queue{}.",
            if connections == Connections::Each {
                ": the time is that of connecting and asking"
            } else {
                ", and the curve hardly changes"
            }
        ),
        (Stopwatch::Due, _, Some(pace)) => match rounds.queue() {
            Some(queue) => queue.describe(),
            None => format!(
                "A round was due every {}. Rounds failed in between, so it is not known whether that pace was kept.",
                format_duration(pace)
            ),
        },
    }
}

/// Whether the next connection is opened so soon after the one before that a browser delays it, if a round takes that long. The native
/// client opens them by itself.
fn is_delayed_by_the_browser(rounds: &Rounds, round: Duration) -> bool {
    let pause = rounds.plan.pace.map_or(Duration::ZERO, |pace| pace.saturating_sub(round));
    let is_web_socket = rounds.target.starts_with("ws:") || rounds.target.starts_with("wss:");
    is_web_socket && pause < CHROMIUM_DELAY
}

/// How one that is overlaid on the newest stands to it, by letter, in the order of the percentiles.
pub fn comparison(letter: char, newest: char, [p50, _, p99, ..]: [Difference; PERCENTILES.len()]) -> String {
    let (letter, newest) = (letter.to_string(), newest.to_string());
    let [p50, p99] = [p50, p99].map(|difference| difference.describe(&letter, &newest));
    format!("{letter} compared with {newest}: p50: {p50}; p99: {p99}.")
}

/// What limits the figures.
pub fn limits(StoredRounds { rounds, is_imported, .. }: &StoredRounds) -> String {
    let samples = limits::count(rounds.samples().len(), "sample", "samples");
    let samples = if *is_imported { ["imported · ", &samples].concat() } else { samples };
    let route = link::route_to(&rounds.target, rounds.link.settings());
    let warm_up = match rounds.discarded() {
        0 => limits::NO_WARM_UP.to_owned(),
        discarded => limits::count(discarded, "warm-up round", "warm-up rounds") + " not counted",
    };
    let line = limits::line(&samples, route, rounds.clock_step, Some(rounds.cores), &warm_up, rounds.errors as usize);
    limits::noted(line, rounds.server_work, rounds.interruptions)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_numbered_until_all_differ() {
        assert_eq!(super::unique_name("A".to_owned(), &["B"]), "A");
        assert_eq!(super::unique_name("A".to_owned(), &["A", "A (2)", "B"]), "A (3)");
    }

    use launcelot_measure::compare::Factor;
    use launcelot_measure::{FailureKind, Failures, Interruptions, Link, Preset, Provenance, Round};

    use super::*;
    use crate::shared::Shared;
    use crate::state::ids::RoundsId;

    fn rounds(connections: Connections, pace_ms: Option<u64>, due: u64) -> Rounds {
        let plan = RoundsPlan::new(1_000, connections, pace_ms.map(Duration::from_millis));
        Rounds {
            name: String::new(),
            is_named: None,
            target: String::new(),
            plan,
            clock_step: Duration::from_micros(5),
            cores: 2,
            answered: vec![Round { asked: 600, connecting: 6_000, due, ready: 0 }; 1_100],
            errors: 1,
            failures: Failures::default(),
            provenance: Provenance::default(),
            link: Link::None,
            link_revisions: None,
            thinking_mean: None,
            server_work: None,
            interruptions: Interruptions::default(),
            status: RunStatus::Complete,
        }
    }

    fn plain(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    fn why_of(rounds: &Rounds, stopwatch: Stopwatch) -> String {
        plain(&why(rounds, stopwatch, |stopwatch| rounds.distribution(stopwatch).median()))
    }

    #[test]
    fn rounds_are_named_after_what_was_done() {
        let cases = [
            (RoundsPlan::new(1_000, Connections::One, None), "1,000 rounds, direct"),
            (
                RoundsPlan::new(10, Connections::Each, Some(Duration::from_millis(2))),
                "10 rounds, direct, a new connection each, every 2 ms",
            ),
        ];
        for (plan, expected) in cases {
            assert_eq!(plain(&name(&plan, "direct")), expected);
        }
    }

    #[test]
    fn the_meaning_says_how_they_ended_and_what_came() {
        let complete = rounds(Connections::One, None, 600);
        let summary = complete.distribution(Stopwatch::Question).summary();
        assert_eq!(
            plain(&meaning(&complete, &summary)),
            "1 of 1,101 rounds failed. Half of the other rounds were answered within 60 µs, 99 of 100 within 60 µs; the longest wait \
             was 60 µs."
        );
        let all_answered = Rounds { errors: 0, ..complete.clone() };
        assert!(
            plain(&meaning(&all_answered, &summary)).starts_with("Half of the answers arrived within 60 µs, 99 of 100")
        );
        let broken = Rounds { status: RunStatus::Broken("Gone.".to_owned()), ..complete };
        assert!(
            meaning(&broken, &summary)
                .starts_with("Gone. That was after 1,101 of 1,100 rounds; the answers so far are kept.")
        );
        let unanswered = plain(&meaning(&broken, &Summary::default()));
        assert!(unanswered.starts_with("Gone. ") && !unanswered.contains("are kept"), "{unanswered}");
        assert!(unanswered.ends_with("No round after the warm-up was answered."), "{unanswered}");
    }

    #[test]
    fn rounds_that_failed_are_counted_with_their_reasons() {
        let mut failures = Failures::default();
        for number in 0..75 {
            let closed = (FailureKind::Closed, "The server reset the connection.");
            let (kind, words) =
                if number < 60 { closed } else { (FailureKind::ErrorAnswer, "Error: unknown question.") };
            failures.add(kind, words);
        }
        let all = rounds(Connections::One, None, 600);
        let some = Rounds { answered: all.answered[..825].to_vec(), errors: 75, failures, ..all };
        let summary = some.distribution(Stopwatch::Question).summary();
        assert_eq!(
            plain(&meaning(&some, &summary)),
            "75 of 900 rounds failed: 60 × The server reset the connection, 15 × Error: unknown question. Half of the other rounds \
             were answered within 60 µs, 99 of 100 within 60 µs; the longest wait was 60 µs."
        );
    }

    #[test]
    fn nine_answers_have_no_99th_percentile() {
        let all = rounds(Connections::One, None, 600);
        let nine = Rounds {
            plan: RoundsPlan::new(9, Connections::One, None),
            answered: all.answered[..9].to_vec(),
            errors: 0,
            ..all
        };
        let summary = nine.distribution(Stopwatch::Question).summary();
        let expected = "Half of the answers arrived within 60 µs; the longest wait was 60 µs.";
        assert_eq!(plain(&meaning(&nine, &summary)), expected);
    }

    #[test]
    fn what_took_less_than_a_step_took_less_than_that_and_not_nothing() {
        let all = rounds(Connections::One, None, 0);
        let coarse = Rounds {
            clock_step: Duration::from_micros(16_700),
            answered: vec![Round { asked: 0, connecting: 0, due: 0, ready: 0 }; 1_100],
            errors: 0,
            ..all
        };
        let summary = coarse.distribution(Stopwatch::Question).summary();
        let expected = "Half of the answers arrived in less than 16.7 ms, 99 of 100 in less than 16.7 ms; the longest wait was less than \
                        16.7 ms.";
        assert_eq!(plain(&meaning(&coarse, &summary)), expected);
    }

    #[test]
    fn every_switch_of_the_stopwatch_says_why() {
        let cases = [
            (Stopwatch::Question, Connections::One, None, 600, "Measured from each question to its answer."),
            (
                Stopwatch::Connecting,
                Connections::One,
                None,
                600,
                "only the first includes connecting, and it was a warm-up",
            ),
            (
                Stopwatch::Connecting,
                Connections::Each,
                None,
                600,
                "At the median, a round took 600 µs and its question 60 µs.",
            ),
            (Stopwatch::Due, Connections::One, None, 600, "the curve hardly changes"),
            (Stopwatch::Due, Connections::Each, None, 600, "the time is that of connecting and asking"),
            (Stopwatch::Due, Connections::One, Some(2), 600, "every 2 ms, and every round began on time"),
            (
                Stopwatch::Due,
                Connections::One,
                Some(2),
                90_000,
                "1,000 of 1,000 rounds began late, mostly because the client’s own timer was late",
            ),
        ];
        for (stopwatch, connections, pace, due, expected) in cases {
            let why = why_of(&rounds(connections, pace, due), stopwatch);
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn only_connections_in_quick_succession_are_delayed_by_the_browser() {
        let to =
            |target: &str, pace_ms| Rounds { target: target.to_owned(), ..rounds(Connections::Each, pace_ms, 600) };
        let is_reported = |rounds: &Rounds| why_of(rounds, Stopwatch::Connecting).contains("Browsers delay");
        let cases = [(None, true), (Some(2), true), (Some(1_000), false)];
        for (pace_ms, expected) in cases {
            assert_eq!(is_reported(&to("ws://b/ws", pace_ms)), expected, "{pace_ms:?}");
        }
        assert!(!is_reported(&to("localhost port 1060", None)), "the native client is not a browser");
    }

    #[test]
    fn two_are_compared_in_words() {
        let times = |long, short| Factor::of(Duration::from_millis(long), Duration::from_millis(short));
        let differences =
            |p50, p99| [p50, Difference::TooFewSamples, p99, Difference::TooFewSamples, Difference::TooFewSamples];
        let words = comparison('B', 'A', differences(Difference::NoneSeen, Difference::FirstLonger(times(41, 10))));
        assert_eq!(words, "B compared with A: p50: no difference seen; p99: B takes 4.1 times as long as A.");
        let words =
            comparison('B', 'A', differences(Difference::SecondLonger(times(12, 10)), Difference::TooFewSamples));
        assert_eq!(words, "B compared with A: p50: A takes 1.20 times as long as B; p99: too few samples to compare.");
    }

    #[test]
    fn the_limits_are_named() {
        let rounds = rounds(Connections::One, None, 600);
        let expected = "1,000 samples · clock step 5 µs · 2 cores · 100 warm-up rounds not counted · 1 error";
        let kept = StoredRounds { id: RoundsId::default(), rounds: Shared::new(rounds.clone()), is_imported: false };
        assert_eq!(plain(&limits(&kept)), expected);
        let (to, link) = ("ws://b/ws/tunnel".to_owned(), Link::Known(Preset::Rack.link()));
        let kept =
            StoredRounds { rounds: Shared::new(Rounds { target: to, link, ..rounds }), is_imported: true, ..kept };
        let expected = "imported · 1,000 samples · through the tunnel at 200 µs, 10 Gbit/s · clock step 5 µs";
        assert!(plain(&limits(&kept)).starts_with(expected), "{}", limits(&kept));
    }
}

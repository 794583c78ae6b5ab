//! Tables for a spreadsheet (RFC 4180): a line for each question, or for each round. The first line names
//! the columns, with their units.

use std::time::Duration;

use super::document::{Document, Recorded};
use super::text::micros;
use crate::rounds::Stopwatch;
use crate::run::{Ending, Order, Span};
use crate::ways::{Leg, Way, ways};

/// The columns of the questions. A race, and a leg that is not known, leave their fields empty where
/// there is none.
const OF_QUESTIONS: [&str; 20] = [
    "race",
    "way",
    "run",
    "to",
    "order",
    "clock_step_us",
    "connecting_us",
    "question",
    "answer",
    "asked_us",
    "answered_us",
    "took_us",
    "asker_us",
    "bridge_us",
    "wire_out_us",
    "server_us",
    "thinking_us",
    "wire_back_us",
    "unknown_us",
    "ending",
];

/// The columns of the rounds: how long each took by each stopwatch.
const OF_ROUNDS: [&str; 9] = [
    "name",
    "to",
    "clock_step_us",
    "cores",
    "round",
    "is_warm_up",
    "since_asked_us",
    "since_connecting_us",
    "since_due_us",
];

/// Every question of every run, those of races after the single ones.
pub fn questions(document: &Document) -> String {
    let mut text = String::new();
    write_line(&mut text, &OF_QUESTIONS.map(str::to_owned));
    write_runs(&mut text, "", "", &document.runs);
    for (number, race) in document.races.iter().enumerate() {
        for (way, runs) in race.ways() {
            write_runs(&mut text, &(number + 1).to_string(), way, runs);
        }
    }
    text
}

fn write_runs(text: &mut String, race: &str, way: &str, runs: &[Recorded]) {
    for Recorded { number, run, trace } in runs {
        let ways = trace.as_ref().map(|trace| ways(run, trace)).unwrap_or_default();
        let order = match run.order {
            Order::OneAtATime => "one-at-a-time",
            Order::SentAhead => "sent-ahead",
        };
        for (index, asked) in run.questions.iter().enumerate() {
            let way_there = ways.get(index).zip(asked.span());
            let leg = |leg| time(way_there.and_then(|(way, asked): (&Way, Span)| way.took(leg, asked)));
            write_line(
                text,
                &[
                    race.to_owned(),
                    way.to_owned(),
                    number.to_string(),
                    run.to.clone(),
                    order.to_owned(),
                    micros(run.clock_step),
                    time(run.connecting.map(Span::took)),
                    asked.question.clone(),
                    asked.answer.clone().unwrap_or_default(),
                    time(asked.asked),
                    time(asked.answered),
                    time(asked.took()),
                    leg(Leg::Asker),
                    leg(Leg::Bridge),
                    leg(Leg::WireOut),
                    leg(Leg::Server),
                    time(way_there.and_then(|(way, _)| way.thinking())),
                    leg(Leg::WireBack),
                    leg(Leg::Unknown),
                    ending(&run.ending).to_owned(),
                ],
            );
        }
    }
}

/// Every round that was answered, those of the warm-up marked.
pub fn rounds(document: &Document) -> String {
    let mut text = String::new();
    write_line(&mut text, &OF_ROUNDS.map(str::to_owned));
    for rounds in &document.rounds {
        let discarded = rounds.discarded();
        for (index, round) in rounds.answered.iter().enumerate() {
            let took = |stopwatch| micros(round.took(stopwatch));
            write_line(
                &mut text,
                &[
                    rounds.name.clone(),
                    rounds.to.clone(),
                    micros(rounds.clock_step),
                    rounds.cores.to_string(),
                    (index + 1).to_string(),
                    (index < discarded).to_string(),
                    took(Stopwatch::Question),
                    took(Stopwatch::Connecting),
                    took(Stopwatch::Due),
                ],
            );
        }
    }
    text
}

fn ending(ending: &Ending) -> &str {
    match ending {
        Ending::Running => "running",
        Ending::Complete => "complete",
        Ending::Stopped => "stopped",
        Ending::Broken(why) => why,
    }
}

fn time(time: Option<Duration>) -> String {
    time.map(micros).unwrap_or_default()
}

fn write_line<const FIELDS: usize>(text: &mut String, fields: &[String; FIELDS]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            text.extend(["\"", &field.replace('"', "\"\""), "\""]);
        } else {
            text.push_str(field);
        }
    }
    text.push_str("\r\n");
}

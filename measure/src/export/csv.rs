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
    write_head(&mut text, &OF_QUESTIONS);
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
            write(text, race, ",");
            write(text, way, ",");
            write(text, &number.to_string(), ",");
            write(text, &run.to, ",");
            write(text, order, ",");
            write(text, &micros(run.clock_step), ",");
            write(text, &time(run.connecting.map(Span::took)), ",");
            write(text, &asked.question, ",");
            write(text, asked.answer.as_deref().unwrap_or_default(), ",");
            write(text, &time(asked.asked), ",");
            write(text, &time(asked.answered), ",");
            write(text, &time(asked.took()), ",");
            write(text, &leg(Leg::Asker), ",");
            write(text, &leg(Leg::Bridge), ",");
            write(text, &leg(Leg::WireOut), ",");
            write(text, &leg(Leg::Server), ",");
            write(text, &time(way_there.and_then(|(way, _)| way.thinking())), ",");
            write(text, &leg(Leg::WireBack), ",");
            write(text, &leg(Leg::Unknown), ",");
            write(text, ending(&run.ending), END);
        }
    }
}

/// Every round that was answered, those of the warm-up marked.
pub fn rounds(document: &Document) -> String {
    let mut text = String::new();
    write_head(&mut text, &OF_ROUNDS);
    for rounds in &document.rounds {
        let discarded = rounds.discarded();
        for (index, round) in rounds.answered.iter().enumerate() {
            let took = |stopwatch| micros(round.took(stopwatch));
            write(&mut text, &rounds.name, ",");
            write(&mut text, &rounds.to, ",");
            write(&mut text, &micros(rounds.clock_step), ",");
            write(&mut text, &rounds.cores.to_string(), ",");
            write(&mut text, &(index + 1).to_string(), ",");
            write(&mut text, &(index < discarded).to_string(), ",");
            write(&mut text, &took(Stopwatch::Question), ",");
            write(&mut text, &took(Stopwatch::Connecting), ",");
            write(&mut text, &took(Stopwatch::Due), END);
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

/// What is after the last field of a line.
const END: &str = "\r\n";

/// One more field, and what is after it.
#[inline(never)]
fn write(text: &mut String, field: &str, after: &str) {
    if field.contains([',', '"', '\r', '\n']) {
        text.extend(["\"", &field.replace('"', "\"\""), "\"", after]);
    } else {
        text.extend([field, after]);
    }
}

/// The names of the columns.
fn write_head(text: &mut String, columns: &[&str]) {
    for (index, column) in columns.iter().enumerate() {
        write(text, column, if index + 1 == columns.len() { END } else { "," });
    }
}

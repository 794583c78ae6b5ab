//! Tables for a spreadsheet (RFC 4180): a line for each question, or for each round. The first line names
//! the columns, with their units.

use std::time::Duration;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::document::{Document, Recorded};
use crate::micros;
use crate::rounds::Stopwatch;
use crate::run::{Asked, Ending, Order, Run, Span};
use crate::ways::{Leg, Way, ways};

/// A question. Without a race, and where a leg is not known, fields are empty.
#[derive(Serialize)]
struct QuestionLine<'a> {
    race: Option<usize>,
    way: &'a str,
    run: u32,
    to: &'a str,
    order: Order,
    #[serde(with = "micros")]
    clock_step_us: Duration,
    #[serde(with = "micros::option")]
    connecting_us: Option<Duration>,
    question: &'a str,
    answer: Option<&'a str>,
    #[serde(with = "micros::option")]
    asked_us: Option<Duration>,
    #[serde(with = "micros::option")]
    answered_us: Option<Duration>,
    #[serde(with = "micros::option")]
    took_us: Option<Duration>,
    #[serde(with = "micros::option")]
    asker_us: Option<Duration>,
    #[serde(with = "micros::option")]
    bridge_us: Option<Duration>,
    #[serde(with = "micros::option")]
    wire_out_us: Option<Duration>,
    #[serde(with = "micros::option")]
    server_us: Option<Duration>,
    #[serde(with = "micros::option")]
    thinking_us: Option<Duration>,
    #[serde(with = "micros::option")]
    wire_back_us: Option<Duration>,
    #[serde(with = "micros::option")]
    unknown_us: Option<Duration>,
    ending: &'a str,
}

/// A round: how long it took by each stopwatch.
#[derive(Serialize)]
struct RoundLine<'a> {
    name: &'a str,
    to: &'a str,
    #[serde(with = "micros")]
    clock_step_us: Duration,
    cores: u32,
    round: usize,
    is_warm_up: bool,
    #[serde(with = "micros")]
    since_asked_us: Duration,
    #[serde(with = "micros")]
    since_connecting_us: Duration,
    #[serde(with = "micros")]
    since_due_us: Duration,
}

/// Every question of every run, those of races after the single ones.
pub fn questions(document: &Document) -> String {
    let single = document.runs.iter().map(|recorded| (None, "", recorded));
    let raced = document.races.iter().enumerate().flat_map(|(index, race)| {
        let ways = race.ways().into_iter();
        ways.flat_map(move |(way, runs)| runs.iter().map(move |recorded| (Some(index + 1), way, recorded)))
    });
    table(single.chain(raced).flat_map(|(race, way, recorded)| of_run(race, way, recorded)))
}

fn of_run<'a>(
    race: Option<usize>,
    way: &'a str,
    Recorded { number, run, trace, .. }: &'a Recorded,
) -> impl Iterator<Item = QuestionLine<'a>> {
    let ways = trace.as_ref().map(|trace| ways(run, trace)).unwrap_or_default();
    run.questions.iter().enumerate().map(move |(index, asked)| {
        let there = ways.get(index).zip(asked.span());
        QuestionLine { race, way, run: *number, ..of_question(run, asked, there) }
    })
}

/// What a question's own line says, and the way of its message says.
fn of_question<'a>(run: &'a Run, asked: &'a Asked, there: Option<(&Way, Span)>) -> QuestionLine<'a> {
    let leg = |leg| there.and_then(|(way, span)| way.took(leg, span));
    QuestionLine {
        race: None,
        way: "",
        run: 0,
        to: &run.to,
        order: run.order,
        clock_step_us: run.clock_step,
        connecting_us: run.connecting.map(Span::took),
        question: &asked.question,
        answer: asked.answer.as_deref(),
        asked_us: asked.asked,
        answered_us: asked.answered,
        took_us: asked.took(),
        asker_us: leg(Leg::Asker),
        bridge_us: leg(Leg::Bridge),
        wire_out_us: leg(Leg::WireOut),
        server_us: leg(Leg::Server),
        thinking_us: there.and_then(|(way, _)| way.thinking()),
        wire_back_us: leg(Leg::WireBack),
        unknown_us: leg(Leg::Unknown),
        ending: ending(&run.ending),
    }
}

/// Every round that was answered, those of the warm-up marked.
pub fn rounds(document: &Document) -> String {
    table(document.rounds.iter().flat_map(|rounds| {
        let discarded = rounds.discarded();
        rounds.answered.iter().enumerate().map(move |(index, round)| RoundLine {
            name: &rounds.name,
            to: &rounds.to,
            clock_step_us: rounds.clock_step,
            cores: rounds.cores,
            round: index + 1,
            is_warm_up: index < discarded,
            since_asked_us: round.took(Stopwatch::Question),
            since_connecting_us: round.took(Stopwatch::Connecting),
            since_due_us: round.took(Stopwatch::Due),
        })
    }))
}

fn ending(ending: &Ending) -> &str {
    match ending {
        Ending::Running => "running",
        Ending::Complete => "complete",
        Ending::Stopped => "stopped",
        Ending::Broken(why) => why,
    }
}

/// A line for each, after the names of the columns.
fn table(lines: impl Iterator<Item = impl Serialize>) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        writer.serialize(line).expect("a line in memory has nothing that a table cannot hold");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("text was written")
}

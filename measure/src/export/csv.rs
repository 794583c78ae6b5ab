//! Tables for a spreadsheet (RFC 4180): a line for each question, for each round, or for each reason why rounds failed. The first
//! line names the columns, with their units.
//!
//! - `wire_…`: how the emulated link was set. `link_instance`, `link_first_revision` and `link_last_revision` tell under which
//!   settings of which lab a run or series went through it, from its first connection to its end. Two lines are of the same link
//!   only if all three are equal, and both revisions are. A last revision that is empty beside a first one: the link changed
//!   meanwhile, to settings that are not known.
//! - `thinking_mean_us`: how long the server thought about a question of the series, at the mean.
//! - `connecting_…_us`: the legs of connecting, whose sum is `connecting_us`. `asker_us` to `unknown_us`: the legs of the question,
//!   whose sum is `took_us`. A leg that the path does not have, or of which nothing is known, is empty.

use std::num::NonZeroU64;
use std::time::Duration;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::document::{Document, Recorded};
use crate::connecting::Connecting;
use crate::failures::FailureKind;
use crate::legs::Leg;
use crate::micros;
use crate::paths::{Path, paths};
use crate::race::Way;
use crate::rounds::Stopwatch;
use crate::run::{Asked, Ending, Order, Run, Span};
use crate::wire::Instance;

/// A time in microseconds.
#[derive(Serialize)]
struct Micros(#[serde(with = "micros")] Duration);

/// A question. Without a race, without a longer wire, and where a leg is not known, fields are empty.
#[derive(Serialize)]
struct QuestionLine<'a> {
    race: Option<usize>,
    way: &'a str,
    turn: Option<usize>,
    run: u32,
    to: &'a str,
    order: Order,
    clock_step_us: Micros,
    wire_rtt_us: Option<Micros>,
    wire_jitter_us: Option<Micros>,
    wire_bandwidth_bits_per_s: Option<NonZeroU64>,
    link_instance: Option<Instance>,
    link_first_revision: Option<u64>,
    link_last_revision: Option<u64>,
    connecting_us: Option<Micros>,
    /// How much of that is attributed and not measured.
    attributed_handshake_us: Option<Micros>,
    connecting_asker_us: Option<Micros>,
    connecting_bridge_us: Option<Micros>,
    connecting_connect_us: Option<Micros>,
    connecting_unknown_us: Option<Micros>,
    question: &'a str,
    answer: Option<&'a str>,
    asked_us: Option<Micros>,
    answered_us: Option<Micros>,
    took_us: Option<Micros>,
    asker_us: Option<Micros>,
    bridge_us: Option<Micros>,
    wire_out_us: Option<Micros>,
    server_us: Option<Micros>,
    thinking_us: Option<Micros>,
    wire_back_us: Option<Micros>,
    unknown_us: Option<Micros>,
    was_hidden: bool,
    was_suspended: bool,
    ending: &'a str,
}

/// A round: how long it took by each stopwatch.
#[derive(Serialize)]
struct RoundLine<'a> {
    name: &'a str,
    to: &'a str,
    clock_step_us: Micros,
    wire_rtt_us: Option<Micros>,
    wire_jitter_us: Option<Micros>,
    wire_bandwidth_bits_per_s: Option<NonZeroU64>,
    link_instance: Option<Instance>,
    link_first_revision: Option<u64>,
    link_last_revision: Option<u64>,
    thinking_mean_us: Option<Micros>,
    cores: u32,
    round: usize,
    is_warm_up: bool,
    since_asked_us: Micros,
    since_connecting_us: Micros,
    since_due_us: Micros,
    since_ready_us: Option<Micros>,
    was_hidden: bool,
    was_suspended: bool,
}

/// Why rounds failed, and how many of them.
#[derive(Serialize)]
struct FailureLine<'a> {
    name: &'a str,
    to: &'a str,
    kind: FailureKind,
    words: &'a str,
    count: u32,
}

/// Every question of every run, those of races after the single ones.
pub fn questions(document: &Document) -> String {
    let single = document.runs.iter().map(|recorded| (None, recorded));
    let raced = document.races.iter().zip(1..).flat_map(|(race, number)| {
        let heats = race.heats().into_iter();
        heats.flat_map(move |(turn, way, runs)| {
            runs.iter().map(move |recorded| (Some((number, turn + 1, way)), recorded))
        })
    });
    table(single.chain(raced).flat_map(|(heat, recorded)| of_run(heat, recorded)))
}

fn way_in_words(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "one_at_a_time",
        Way::SentAhead => "sent_ahead",
        Way::AtOnce => "at_once",
    }
}

/// The questions of a run, and of which heat it is: the number of the race, the turn and the way.
fn of_run(
    heat: Option<(usize, usize, Way)>,
    Recorded { number, run, trace, wire, passage, .. }: &Recorded,
) -> impl Iterator<Item = QuestionLine<'_>> {
    let paths = trace.as_ref().map(|trace| paths(run, trace)).unwrap_or_default();
    run.questions.iter().enumerate().map(move |(index, asked)| {
        let path = paths.questions().get(index);
        let connecting = |leg| paths.connecting().and_then(|path| Connecting::took(path, leg)).map(Micros);
        QuestionLine {
            race: heat.map(|(race, _, _)| race),
            way: heat.map_or("", |(_, _, way)| way_in_words(way)),
            turn: heat.map(|(_, turn, _)| turn),
            run: *number,
            wire_rtt_us: wire.map(|wire| Micros(wire.rtt)),
            wire_jitter_us: wire.map(|wire| Micros(wire.jitter)),
            wire_bandwidth_bits_per_s: wire.and_then(|wire| wire.bandwidth),
            link_instance: passage.map(|passage| passage.instance),
            link_first_revision: passage.map(|passage| passage.first_revision),
            link_last_revision: passage.and_then(|passage| passage.last_revision),
            connecting_asker_us: connecting(Leg::Asker),
            connecting_bridge_us: connecting(Leg::Bridge),
            connecting_connect_us: connecting(Leg::Connect),
            connecting_unknown_us: connecting(Leg::Unknown),
            ..of_question(run, asked, path)
        }
    })
}

/// What a question and its path say.
fn of_question<'a>(run: &'a Run, asked: &'a Asked, path: Option<&Path>) -> QuestionLine<'a> {
    let leg = |leg| path.and_then(|path| path.took(leg)).map(Micros);
    QuestionLine {
        race: None,
        way: "",
        turn: None,
        run: 0,
        to: &run.to,
        order: run.order,
        clock_step_us: Micros(run.clock_step),
        wire_rtt_us: None,
        wire_jitter_us: None,
        wire_bandwidth_bits_per_s: None,
        link_instance: None,
        link_first_revision: None,
        link_last_revision: None,
        connecting_us: run.connecting.map(Span::took).map(Micros),
        attributed_handshake_us: run.attributed_handshake.map(Micros),
        connecting_asker_us: None,
        connecting_bridge_us: None,
        connecting_connect_us: None,
        connecting_unknown_us: None,
        question: &asked.question,
        answer: asked.answer.as_deref(),
        asked_us: asked.asked.map(Micros),
        answered_us: asked.answered.map(Micros),
        took_us: asked.took().map(Micros),
        asker_us: leg(Leg::Asker),
        bridge_us: leg(Leg::Bridge),
        wire_out_us: leg(Leg::WireOut),
        server_us: leg(Leg::Server),
        thinking_us: path.and_then(Path::thinking).map(Micros),
        wire_back_us: leg(Leg::WireBack),
        unknown_us: leg(Leg::Unknown),
        was_hidden: run.interruptions.was_hidden,
        was_suspended: run.interruptions.was_suspended,
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
            clock_step_us: Micros(rounds.clock_step),
            wire_rtt_us: rounds.wire.map(|wire| Micros(wire.rtt)),
            wire_jitter_us: rounds.wire.map(|wire| Micros(wire.jitter)),
            wire_bandwidth_bits_per_s: rounds.wire.and_then(|wire| wire.bandwidth),
            link_instance: rounds.passage.map(|passage| passage.instance),
            link_first_revision: rounds.passage.map(|passage| passage.first_revision),
            link_last_revision: rounds.passage.and_then(|passage| passage.last_revision),
            thinking_mean_us: rounds.thinking_mean.map(Micros),
            cores: rounds.cores,
            round: index + 1,
            is_warm_up: index < discarded,
            since_asked_us: Micros(round.took(Stopwatch::Question)),
            since_connecting_us: Micros(round.took(Stopwatch::Connecting)),
            since_due_us: Micros(round.took(Stopwatch::Due)),
            since_ready_us: round.since_ready().map(Micros),
            was_hidden: rounds.interruptions.was_hidden,
            was_suspended: rounds.interruptions.was_suspended,
        })
    }))
}

/// Every reason why rounds failed.
pub fn failures(document: &Document) -> String {
    table(document.rounds.iter().flat_map(|rounds| {
        rounds.failures.iter().map(|failure| FailureLine {
            name: &rounds.name,
            to: &rounds.to,
            kind: failure.kind,
            words: &failure.words,
            count: failure.count,
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

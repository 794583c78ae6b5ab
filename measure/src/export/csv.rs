//! Tables for a spreadsheet (RFC 4180): a line for each question, each round, or each kind and message of failures. The first line has
//! the names of the columns, with their units.
//!
//! - `link_…`: the settings of the emulated link. `link_instance`, `link_first_revision` and `link_last_revision`: the revisions of
//!   the settings of that lab, from the first connection of a run or series to its end. Two lines surely have the same link only if
//!   these three fields are equal in both, and the first revision equals the last. If only the last revision is empty, the settings
//!   changed meanwhile, and those at the end are unknown.
//! - `thinking_mean_us`: the mean time that the server worked on a question of the series.
//! - `connecting_…_us`: the legs of connecting, which add up to `connecting_us`. `client_us` to `unknown_us`: the legs of the question,
//!   which add up to `took_us` (`thinking_us` is a part of `server_us`). A leg that the path does not have is empty.

use std::num::NonZeroU64;
use std::time::Duration;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;

use super::document::{Document, RecordedRun};
use crate::connecting::Connecting;
use crate::failures::FailureKind;
use crate::legs::Leg;
use crate::link::Instance;
use crate::micros;
use crate::paths::{Path, paths};
use crate::race::Way;
use crate::round::Stopwatch;
use crate::run::{Order, QuestionTiming, Run, RunStatus, Span};

/// A time in microseconds.
#[derive(Serialize)]
struct Micros(#[serde(with = "micros")] Duration);

/// The line of a question. Fields are empty where the run belongs to no race, has no emulated link, or has no such leg.
#[derive(Serialize)]
struct QuestionLine<'a> {
    race: Option<usize>,
    way: &'a str,
    turn: Option<usize>,
    run: u32,
    target: &'a str,
    order: Order,
    clock_step_us: Micros,
    link_rtt_us: Option<Micros>,
    link_jitter_us: Option<Micros>,
    link_bandwidth_bits_per_s: Option<NonZeroU64>,
    link_instance: Option<Instance>,
    link_first_revision: Option<u64>,
    link_last_revision: Option<u64>,
    connecting_us: Option<Micros>,
    /// The part of connecting that is attributed and not measured.
    attributed_handshake_us: Option<Micros>,
    connecting_client_us: Option<Micros>,
    connecting_bridge_us: Option<Micros>,
    connecting_connect_us: Option<Micros>,
    connecting_unknown_us: Option<Micros>,
    question: &'a str,
    answer: Option<&'a str>,
    asked_us: Option<Micros>,
    answered_us: Option<Micros>,
    took_us: Option<Micros>,
    client_us: Option<Micros>,
    bridge_us: Option<Micros>,
    link_out_us: Option<Micros>,
    server_us: Option<Micros>,
    thinking_us: Option<Micros>,
    link_back_us: Option<Micros>,
    unknown_us: Option<Micros>,
    was_hidden: bool,
    was_suspended: bool,
    status: &'a str,
}

/// The line of a round, with its time by each stopwatch.
#[derive(Serialize)]
struct RoundLine<'a> {
    name: &'a str,
    target: &'a str,
    clock_step_us: Micros,
    link_rtt_us: Option<Micros>,
    link_jitter_us: Option<Micros>,
    link_bandwidth_bits_per_s: Option<NonZeroU64>,
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

/// The line of all failures of a series that have the same kind and message.
#[derive(Serialize)]
struct FailureLine<'a> {
    name: &'a str,
    target: &'a str,
    kind: FailureKind,
    message: &'a str,
    count: u32,
}

/// Writes every question of every run, those of races after the single ones.
pub fn questions(document: &Document) -> String {
    let single = document.runs.iter().map(|recorded| (None, recorded));
    let of_races = document.races.iter().zip(1..).flat_map(|(race, number)| {
        let heats = race.heats().into_iter();
        heats.flat_map(move |(turn, way, runs)| {
            runs.iter().map(move |recorded| (Some((number, turn + 1, way)), recorded))
        })
    });
    table(single.chain(of_races).flat_map(|(heat, recorded)| of_run(heat, recorded)))
}

fn way_name(way: Way) -> &'static str {
    match way {
        Way::OneAtATime => "one_at_a_time",
        Way::SentAhead => "sent_ahead",
        Way::AtOnce => "at_once",
    }
}

/// Returns the lines of a run. `heat` is its race, turn and way, if it belongs to a race.
fn of_run(
    heat: Option<(usize, usize, Way)>,
    RecordedRun { number, run, trace, link, link_revisions, .. }: &RecordedRun,
) -> impl Iterator<Item = QuestionLine<'_>> {
    let paths = trace.as_ref().map(|trace| paths(run, trace)).unwrap_or_default();
    run.questions.iter().enumerate().map(move |(index, asked)| {
        let path = paths.questions().get(index);
        let connecting = |leg| paths.connecting().and_then(|path| Connecting::took(path, leg)).map(Micros);
        QuestionLine {
            race: heat.map(|(race, _, _)| race),
            way: heat.map_or("", |(_, _, way)| way_name(way)),
            turn: heat.map(|(_, turn, _)| turn),
            run: *number,
            link_rtt_us: link.map(|link| Micros(link.rtt)),
            link_jitter_us: link.map(|link| Micros(link.jitter)),
            link_bandwidth_bits_per_s: link.and_then(|link| link.bandwidth),
            link_instance: link_revisions.map(|revisions| revisions.instance),
            link_first_revision: link_revisions.map(|revisions| revisions.first_revision),
            link_last_revision: link_revisions.and_then(|revisions| revisions.last_revision),
            connecting_client_us: connecting(Leg::Client),
            connecting_bridge_us: connecting(Leg::Bridge),
            connecting_connect_us: connecting(Leg::Connect),
            connecting_unknown_us: connecting(Leg::Unknown),
            ..of_question(run, asked, path)
        }
    })
}

/// Returns the line of a question with its path. The fields of its race, its link and its connecting are left empty.
fn of_question<'a>(run: &'a Run, asked: &'a QuestionTiming, path: Option<&Path>) -> QuestionLine<'a> {
    let leg = |leg| path.and_then(|path| path.took(leg)).map(Micros);
    QuestionLine {
        race: None,
        way: "",
        turn: None,
        run: 0,
        target: &run.target,
        order: run.order,
        clock_step_us: Micros(run.clock_step),
        link_rtt_us: None,
        link_jitter_us: None,
        link_bandwidth_bits_per_s: None,
        link_instance: None,
        link_first_revision: None,
        link_last_revision: None,
        connecting_us: run.connecting.map(Span::took).map(Micros),
        attributed_handshake_us: run.attributed_handshake.map(Micros),
        connecting_client_us: None,
        connecting_bridge_us: None,
        connecting_connect_us: None,
        connecting_unknown_us: None,
        question: &asked.question,
        answer: asked.answer.as_deref(),
        asked_us: asked.asked.map(Micros),
        answered_us: asked.answered.map(Micros),
        took_us: asked.took().map(Micros),
        client_us: leg(Leg::Client),
        bridge_us: leg(Leg::Bridge),
        link_out_us: leg(Leg::LinkOut),
        server_us: leg(Leg::Server),
        thinking_us: path.and_then(Path::thinking).map(Micros),
        link_back_us: leg(Leg::LinkBack),
        unknown_us: leg(Leg::Unknown),
        was_hidden: run.interruptions.was_hidden,
        was_suspended: run.interruptions.was_suspended,
        status: status(&run.status),
    }
}

/// Writes every answered round, with a flag for warm-up rounds.
pub fn rounds(document: &Document) -> String {
    table(document.rounds.iter().flat_map(|rounds| {
        let discarded = rounds.discarded();
        rounds.answered.iter().enumerate().map(move |(index, round)| RoundLine {
            name: &rounds.name,
            target: &rounds.target,
            clock_step_us: Micros(rounds.clock_step),
            link_rtt_us: rounds.link.map(|link| Micros(link.rtt)),
            link_jitter_us: rounds.link.map(|link| Micros(link.jitter)),
            link_bandwidth_bits_per_s: rounds.link.and_then(|link| link.bandwidth),
            link_instance: rounds.link_revisions.map(|revisions| revisions.instance),
            link_first_revision: rounds.link_revisions.map(|revisions| revisions.first_revision),
            link_last_revision: rounds.link_revisions.and_then(|revisions| revisions.last_revision),
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

/// Writes the failures of rounds by kind and message.
pub fn failures(document: &Document) -> String {
    table(document.rounds.iter().flat_map(|rounds| {
        rounds.failures.iter().map(|failure| FailureLine {
            name: &rounds.name,
            target: &rounds.target,
            kind: failure.kind,
            message: &failure.message,
            count: failure.count,
        })
    }))
}

fn status(status: &RunStatus) -> &str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Complete => "complete",
        RunStatus::Stopped => "stopped",
        RunStatus::Broken(reason) => reason,
    }
}

/// Writes a line with the names of the columns, and then a line for each value.
fn table(lines: impl Iterator<Item = impl Serialize>) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        writer.serialize(line).expect("every field can be a column, and writing to memory cannot fail");
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("the table is text")
}

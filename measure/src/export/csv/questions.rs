//! The table of questions.

use std::num::NonZeroU64;

use serde::Serialize;

use super::{Micros, Text, state_and_reason, table};
use crate::connecting::Connecting;
use crate::export::document::{Document, RecordedRun};
use crate::legs::Leg;
use crate::link::Instance;
use crate::paths::{Path, paths};
use crate::race::Way;
use crate::run::{Order, QuestionTiming, Run, Span};
use crate::timestamp::Timestamp;

/// The line of a question. Fields are empty where the run belongs to no race, has no emulated link, or has no such leg.
#[derive(Default, Serialize)]
struct QuestionLine<'a> {
    race: Option<usize>,
    way: &'static str,
    turn: Option<usize>,
    run: u32,
    target: Text<'a>,
    began: Option<Timestamp>,
    client: &'static str,
    client_version: Text<'a>,
    client_system: Text<'a>,
    server_design: Text<'a>,
    is_imported: bool,
    order: Order,
    clock_step_us: Micros,
    link: &'static str,
    link_rtt_us: Option<Micros>,
    link_jitter_us: Option<Micros>,
    link_bandwidth_bits_per_s: Option<NonZeroU64>,
    link_instance: Option<Instance>,
    link_first_revision: Option<u64>,
    link_last_revision: Option<u64>,
    server_work_first_us: Option<Micros>,
    server_work_last_us: Option<Micros>,
    connecting_us: Option<Micros>,
    /// The part of connecting that is attributed and not measured.
    attributed_handshake_us: Option<Micros>,
    connecting_client_us: Option<Micros>,
    connecting_bridge_us: Option<Micros>,
    connecting_connect_us: Option<Micros>,
    connecting_unknown_us: Option<Micros>,
    question: Text<'a>,
    answer: Option<Text<'a>>,
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
    state: &'static str,
    reason: Text<'a>,
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
    RecordedRun { number, run, trace, provenance, link, link_revisions, server_work, .. }: &RecordedRun,
) -> impl Iterator<Item = QuestionLine<'_>> {
    let paths = trace.as_ref().map(|trace| paths(run, trace)).unwrap_or_default();
    let (client, settings) = (provenance.client.as_ref(), link.settings());
    run.questions.iter().enumerate().map(move |(index, asked)| {
        let path = paths.questions().get(index);
        let connecting = |leg| paths.connecting().and_then(|path| Connecting::took(path, leg)).map(Micros);
        QuestionLine {
            race: heat.map(|(race, _, _)| race),
            way: heat.map_or("", |(_, _, way)| way_name(way)),
            turn: heat.map(|(_, turn, _)| turn),
            run: *number,
            began: provenance.began,
            client: client.map_or("", |client| client.kind.name()),
            client_version: Text(client.map_or("", |client| &client.version)),
            client_system: Text(client.map_or("", |client| &client.system)),
            server_design: Text(provenance.server_design.as_deref().unwrap_or_default()),
            is_imported: provenance.is_imported,
            link: link.name(),
            link_rtt_us: settings.map(|link| Micros(link.rtt)),
            link_jitter_us: settings.map(|link| Micros(link.jitter)),
            link_bandwidth_bits_per_s: settings.and_then(|link| link.bandwidth),
            link_instance: link_revisions.map(|revisions| revisions.instance),
            link_first_revision: link_revisions.map(|revisions| revisions.first_revision),
            link_last_revision: link_revisions.and_then(|revisions| revisions.last_revision),
            server_work_first_us: server_work.map(|work| Micros(work.first)),
            server_work_last_us: server_work.and_then(|work| work.last).map(Micros),
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
    let (state, reason) = state_and_reason(&run.status);
    let leg = |leg| path.and_then(|path| path.took(leg)).map(Micros);
    QuestionLine {
        target: Text(&run.target),
        order: run.order,
        clock_step_us: Micros(run.clock_step),
        connecting_us: run.connecting.map(Span::took).map(Micros),
        attributed_handshake_us: run.attributed_handshake.map(Micros),
        question: Text(&asked.question),
        answer: asked.answer.as_deref().map(Text),
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
        state,
        reason,
        ..QuestionLine::default()
    }
}

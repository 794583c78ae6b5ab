//! The table of rounds.

use std::num::NonZeroU64;

use serde::Serialize;

use super::{Micros, Text, state_and_reason, table};
use crate::export::document::Document;
use crate::link::Instance;
use crate::round::{Round, Stopwatch};
use crate::rounds::{Connections, Rounds};
use crate::timestamp::Timestamp;

/// The line of a round, with its time by each stopwatch.
#[derive(Default, Serialize)]
struct RoundLine<'a> {
    series: usize,
    name: Text<'a>,
    target: Text<'a>,
    began: Option<Timestamp>,
    client: &'static str,
    client_version: Text<'a>,
    client_system: Text<'a>,
    server_design: Text<'a>,
    is_imported: bool,
    planned_rounds: u32,
    planned_warm_up: u32,
    connections: Connections,
    pace_us: Option<Micros>,
    clock_step_us: Micros,
    link: &'static str,
    link_rtt_us: Option<Micros>,
    link_jitter_us: Option<Micros>,
    link_bandwidth_bits_per_s: Option<NonZeroU64>,
    link_instance: Option<Instance>,
    link_first_revision: Option<u64>,
    link_last_revision: Option<u64>,
    thinking_mean_us: Option<Micros>,
    server_work_first_us: Option<Micros>,
    server_work_last_us: Option<Micros>,
    cores: u32,
    round: Option<usize>,
    is_warm_up: Option<bool>,
    since_asked_us: Option<Micros>,
    since_connecting_us: Option<Micros>,
    since_due_us: Option<Micros>,
    since_ready_us: Option<Micros>,
    was_hidden: bool,
    was_suspended: bool,
    state: &'static str,
    reason: Text<'a>,
}

/// Writes every answered round, with a flag for warm-up rounds. A series without an answered round has one line, which says what was
/// planned and how it ended.
pub fn rounds(document: &Document) -> String {
    table(document.rounds.iter().zip(1..).flat_map(|(rounds, series)| {
        let unanswered = rounds.answered.is_empty().then(|| of_series(rounds, series));
        let answered = rounds.answered.iter().enumerate();
        answered.map(move |(index, round)| of_round(rounds, series, index, *round)).chain(unanswered)
    }))
}

/// Returns the line of a round.
fn of_round(rounds: &Rounds, series: usize, index: usize, round: Round) -> RoundLine<'_> {
    let took = |stopwatch| Some(Micros(round.took(stopwatch)));
    RoundLine {
        round: Some(index + 1),
        is_warm_up: Some(index < rounds.discarded()),
        since_asked_us: took(Stopwatch::Question),
        since_connecting_us: took(Stopwatch::Connecting),
        since_due_us: took(Stopwatch::Due),
        since_ready_us: round.since_ready().map(Micros),
        ..of_series(rounds, series)
    }
}

/// Returns the line of a series. The fields of a round are left empty.
fn of_series(rounds: &Rounds, series: usize) -> RoundLine<'_> {
    let (state, reason) = state_and_reason(&rounds.status);
    let (provenance, settings) = (&rounds.provenance, rounds.link.settings());
    let client = provenance.client.as_ref();
    RoundLine {
        series,
        name: Text(&rounds.name),
        target: Text(&rounds.target),
        began: provenance.began,
        client: client.map_or("", |client| client.kind.name()),
        client_version: Text(client.map_or("", |client| &client.version)),
        client_system: Text(client.map_or("", |client| &client.system)),
        server_design: Text(provenance.server_design.as_deref().unwrap_or_default()),
        is_imported: provenance.is_imported,
        planned_rounds: rounds.plan.rounds,
        planned_warm_up: rounds.plan.warm_up,
        connections: rounds.plan.connections,
        pace_us: rounds.plan.pace.map(Micros),
        clock_step_us: Micros(rounds.clock_step),
        link: rounds.link.name(),
        link_rtt_us: settings.map(|link| Micros(link.rtt)),
        link_jitter_us: settings.map(|link| Micros(link.jitter)),
        link_bandwidth_bits_per_s: settings.and_then(|link| link.bandwidth),
        link_instance: rounds.link_revisions.map(|revisions| revisions.instance),
        link_first_revision: rounds.link_revisions.map(|revisions| revisions.first_revision),
        link_last_revision: rounds.link_revisions.and_then(|revisions| revisions.last_revision),
        thinking_mean_us: rounds.thinking_mean.map(Micros),
        server_work_first_us: rounds.server_work.map(|work| Micros(work.first)),
        server_work_last_us: rounds.server_work.and_then(|work| work.last).map(Micros),
        cores: rounds.cores,
        was_hidden: rounds.interruptions.was_hidden,
        was_suspended: rounds.interruptions.was_suspended,
        state,
        reason,
        ..RoundLine::default()
    }
}

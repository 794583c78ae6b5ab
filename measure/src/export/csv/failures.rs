//! The table of failures.

use serde::Serialize;

use super::{Micros, Text, state_and_reason, table};
use crate::export::document::Document;
use crate::failures::{Failure, FailureKind};
use crate::rounds::Rounds;
use crate::timestamp::Timestamp;

/// The line of all failures of a series that have the same kind and message.
#[derive(Default, Serialize)]
struct FailureLine<'a> {
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
    link: &'static str,
    link_rtt_us: Option<Micros>,
    kind: FailureKind,
    message: Text<'a>,
    count: u32,
    was_hidden: bool,
    was_suspended: bool,
    state: &'static str,
    reason: Text<'a>,
}

/// Writes the failures of rounds by kind and message.
pub fn failures(document: &Document) -> String {
    table(
        document.rounds.iter().zip(1..).flat_map(|(rounds, series)| {
            rounds.failures.iter().map(move |failure| of_failure(rounds, series, failure))
        }),
    )
}

fn of_failure<'a>(rounds: &'a Rounds, series: usize, failure: &'a Failure) -> FailureLine<'a> {
    let (state, reason) = state_and_reason(&rounds.status);
    let provenance = &rounds.provenance;
    let client = provenance.client.as_ref();
    FailureLine {
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
        link: rounds.link.name(),
        link_rtt_us: rounds.link.settings().map(|link| Micros(link.rtt)),
        kind: failure.kind,
        message: Text(&failure.message),
        count: failure.count,
        was_hidden: rounds.interruptions.was_hidden,
        was_suspended: rounds.interruptions.was_suspended,
        state,
        reason,
    }
}

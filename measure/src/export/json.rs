//! A [`Document`] as JSON: the text that `serde` would write, with a line for each thing in a list.
//!
//! `schema/export.schema.json` describes it, and a test holds it to that.

use std::time::Duration;

use super::document::{Document, Race, Recorded};
use super::text::{micros, quoted};
use crate::rounds::{Connections, Round, Rounds};
use crate::run::{Asked, Ending, KernelView, Order, Run, Span};
use crate::trace::{Sighting, Trace};

/// The document as JSON.
pub fn json(document: &Document) -> String {
    let fields = [
        ("format", quoted(&document.format)),
        ("version", document.version.to_string()),
        ("runs", list(&document.runs, recorded)),
        ("races", list(&document.races, race)),
        ("rounds", list(&document.rounds, rounds)),
    ];
    object(&fields) + "\n"
}

/// Fields in braces.
pub(super) fn object(fields: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.extend(["\"", name, "\":", value]);
    }
    text.push('}');
    text
}

/// Values in brackets, each on its line.
pub(super) fn list<T>(values: &[T], write: impl Fn(&T) -> String) -> String {
    let mut text = String::from("[");
    for value in values {
        text.push_str(if text.len() > 1 { ",\n" } else { "\n" });
        text.push_str(&write(value));
    }
    text.push(']');
    text
}

fn or_null<T>(value: Option<T>, write: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "null".to_owned(), write)
}

fn race(race: &Race) -> String {
    object(&race.ways().map(|(name, runs)| (name, list(runs, recorded))))
}

fn recorded(recorded: &Recorded) -> String {
    object(&[
        ("number", recorded.number.to_string()),
        ("run", run(&recorded.run)),
        ("trace", or_null(recorded.trace.as_ref(), trace)),
    ])
}

fn run(run: &Run) -> String {
    let order = match run.order {
        Order::OneAtATime => "one-at-a-time",
        Order::SentAhead => "sent-ahead",
    };
    object(&[
        ("to", quoted(&run.to)),
        ("order", quoted(order)),
        ("clock_step_us", micros(run.clock_step)),
        ("lookup", or_null(run.lookup, span)),
        ("connecting", or_null(run.connecting, span)),
        ("questions", list(&run.questions, asked)),
        ("kernel", or_null(run.kernel, kernel)),
        ("ending", ending(&run.ending)),
    ])
}

fn kernel(kernel: KernelView) -> String {
    object(&[
        ("round_trip_us", micros(kernel.round_trip)),
        ("deviation_us", micros(kernel.deviation)),
        ("retransmissions", kernel.retransmissions.to_string()),
    ])
}

fn span(span: Span) -> String {
    object(&[("from_us", micros(span.from)), ("until_us", micros(span.until))])
}

fn asked(asked: &Asked) -> String {
    let time = |time: Option<Duration>| or_null(time, micros);
    object(&[
        ("question", quoted(&asked.question)),
        ("answer", or_null(asked.answer.as_deref(), quoted)),
        ("asked_us", time(asked.asked)),
        ("answered_us", time(asked.answered)),
    ])
}

fn ending(ending: &Ending) -> String {
    let state = |state| ("state", quoted(state));
    match ending {
        Ending::Running => object(&[state("running")]),
        Ending::Complete => object(&[state("complete")]),
        Ending::Stopped => object(&[state("stopped")]),
        Ending::Broken(why) => object(&[state("broken"), ("why", quoted(why))]),
    }
}

fn trace(trace: &Trace) -> String {
    object(&[
        ("id", quoted(&trace.id)),
        ("sightings", list(&trace.sightings, sighting)),
        ("is_cut", trace.is_cut.to_string()),
    ])
}

fn sighting(sighting: &Sighting) -> String {
    object(&[
        ("point", quoted(sighting.point.name())),
        ("at_us", micros(sighting.at)),
        ("bytes", sighting.bytes.to_string()),
    ])
}

fn rounds(rounds: &Rounds) -> String {
    let plan = rounds.plan;
    let connections = match plan.connections {
        Connections::One => "one",
        Connections::Each => "each",
    };
    let plan = [
        ("rounds", plan.rounds.to_string()),
        ("warm_up", plan.warm_up.to_string()),
        ("connections", quoted(connections)),
        ("pace_us", or_null(plan.pace, micros)),
    ];
    object(&[
        ("name", quoted(&rounds.name)),
        ("to", quoted(&rounds.to)),
        ("plan", object(&plan)),
        ("clock_step_us", micros(rounds.clock_step)),
        ("cores", rounds.cores.to_string()),
        ("answered", list(&rounds.answered, round)),
        ("errors", rounds.errors.to_string()),
        ("ending", ending(&rounds.ending)),
    ])
}

fn round(round: &Round) -> String {
    object(&[
        ("asked_100ns", round.asked.to_string()),
        ("connecting_100ns", round.connecting.to_string()),
        ("due_100ns", round.due.to_string()),
    ])
}

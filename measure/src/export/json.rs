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
    let document = Object::new()
        .field("format", quoted(&document.format))
        .field("version", document.version.to_string())
        .field("runs", list(&document.runs, recorded))
        .field("races", list(&document.races, race))
        .field("rounds", list(&document.rounds, rounds));
    document.end() + "\n"
}

/// An object that is being written.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// One more field. Calls are many, so they are kept small: the value is taken as a whole.
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "to drop it here is smaller than at every call")]
    pub(super) fn field(mut self, name: &str, value: String) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.extend(["\"", name, "\":", &value]);
        self
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
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
    race.ways().into_iter().fold(Object::new(), |object, (name, runs)| object.field(name, list(runs, recorded))).end()
}

fn recorded(recorded: &Recorded) -> String {
    Object::new()
        .field("number", recorded.number.to_string())
        .field("run", run(&recorded.run))
        .field("trace", or_null(recorded.trace.as_ref(), trace))
        .end()
}

fn run(run: &Run) -> String {
    let order = match run.order {
        Order::OneAtATime => "one-at-a-time",
        Order::SentAhead => "sent-ahead",
    };
    Object::new()
        .field("to", quoted(&run.to))
        .field("order", quoted(order))
        .field("clock_step_us", micros(run.clock_step))
        .field("lookup", or_null(run.lookup, span))
        .field("connecting", or_null(run.connecting, span))
        .field("questions", list(&run.questions, asked))
        .field("kernel", or_null(run.kernel, kernel))
        .field("ending", ending(&run.ending))
        .end()
}

fn kernel(kernel: KernelView) -> String {
    Object::new()
        .field("round_trip_us", micros(kernel.round_trip))
        .field("deviation_us", micros(kernel.deviation))
        .field("retransmissions", kernel.retransmissions.to_string())
        .end()
}

fn span(span: Span) -> String {
    Object::new().field("from_us", micros(span.from)).field("until_us", micros(span.until)).end()
}

fn asked(asked: &Asked) -> String {
    let time = |time: Option<Duration>| or_null(time, micros);
    Object::new()
        .field("question", quoted(&asked.question))
        .field("answer", or_null(asked.answer.as_deref(), quoted))
        .field("asked_us", time(asked.asked))
        .field("answered_us", time(asked.answered))
        .end()
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Running => Object::new().field("state", quoted("running")).end(),
        Ending::Complete => Object::new().field("state", quoted("complete")).end(),
        Ending::Stopped => Object::new().field("state", quoted("stopped")).end(),
        Ending::Broken(why) => Object::new().field("state", quoted("broken")).field("why", quoted(why)).end(),
    }
}

fn trace(trace: &Trace) -> String {
    Object::new()
        .field("id", quoted(&trace.id))
        .field("sightings", list(&trace.sightings, sighting))
        .field("is_cut", trace.is_cut.to_string())
        .end()
}

fn sighting(sighting: &Sighting) -> String {
    Object::new()
        .field("point", quoted(sighting.point.name()))
        .field("at_us", micros(sighting.at))
        .field("bytes", sighting.bytes.to_string())
        .end()
}

fn rounds(rounds: &Rounds) -> String {
    let plan = rounds.plan;
    let connections = match plan.connections {
        Connections::One => "one",
        Connections::Each => "each",
    };
    let plan = Object::new()
        .field("rounds", plan.rounds.to_string())
        .field("warm_up", plan.warm_up.to_string())
        .field("connections", quoted(connections))
        .field("pace_us", or_null(plan.pace, micros))
        .end();
    Object::new()
        .field("name", quoted(&rounds.name))
        .field("to", quoted(&rounds.to))
        .field("plan", plan)
        .field("clock_step_us", micros(rounds.clock_step))
        .field("cores", rounds.cores.to_string())
        .field("answered", list(&rounds.answered, round))
        .field("errors", rounds.errors.to_string())
        .field("ending", ending(&rounds.ending))
        .end()
}

fn round(round: &Round) -> String {
    Object::new()
        .field("asked_100ns", round.asked.to_string())
        .field("connecting_100ns", round.connecting.to_string())
        .field("due_100ns", round.due.to_string())
        .end()
}

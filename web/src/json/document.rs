//! A whole document, as an export wrote it.

use std::time::Duration;

use js_sys::JSON;
use launcelot_measure::export::document::{Document, Head, Race, Recorded, Refusal};
use launcelot_measure::run::KernelView;
use launcelot_measure::{Asked, Connections, Ending, Order, Plan, Round, Rounds, Run, Span};

use super::{Json, trace};

/// The document that a text is.
///
/// # Errors
///
/// Says why it is none that can be taken.
pub fn document(text: &str) -> Result<Document, Refusal> {
    let json = JSON::parse(text).ok().and_then(Json::new).ok_or(Refusal::NotOne)?;
    let head = head(&json).ok_or(Refusal::NotOne)?;
    head.check()?;
    body(&json, head).ok_or(Refusal::NotOne)?.taken()
}

fn head(json: &Json) -> Option<Head> {
    Some(Head { format: json.field("format")?.text()?, version: count(json, "version")? })
}

fn body(json: &Json, Head { format, version }: Head) -> Option<Document> {
    Some(Document {
        format,
        version,
        runs: list(json, "runs", recorded)?,
        races: list(json, "races", race)?,
        rounds: list(json, "rounds", rounds)?,
    })
}

fn list<T>(json: &Json, name: &str, read: fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.field(name)?.list()?.map(|json| read(&json)).collect()
}

fn text(json: &Json, name: &str) -> Option<String> {
    json.field(name)?.text()
}

fn count(json: &Json, name: &str) -> Option<u32> {
    u32::try_from(json.field(name)?.whole()?).ok()
}

fn micros(json: &Json, name: &str) -> Option<Duration> {
    json.field(name)?.micros()
}

fn race(json: &Json) -> Option<Race> {
    Some(Race {
        one_at_a_time: list(json, "one_at_a_time", recorded)?,
        sent_ahead: list(json, "sent_ahead", recorded)?,
        at_once: list(json, "at_once", recorded)?,
    })
}

fn recorded(json: &Json) -> Option<Recorded> {
    let trace = match json.field("trace") {
        Some(json) => Some(trace(&json)?),
        None => None,
    };
    Some(Recorded { number: count(json, "number")?, run: run(&json.field("run")?)?, trace })
}

fn run(json: &Json) -> Option<Run> {
    Some(Run {
        to: text(json, "to")?,
        order: match text(json, "order")?.as_str() {
            "one-at-a-time" => Order::OneAtATime,
            "sent-ahead" => Order::SentAhead,
            _ => return None,
        },
        clock_step: micros(json, "clock_step_us")?,
        lookup: json.field("lookup").and_then(|json| span(&json)),
        connecting: json.field("connecting").and_then(|json| span(&json)),
        questions: list(json, "questions", asked)?,
        kernel: json.field("kernel").and_then(|json| kernel(&json)),
        ending: ending(json)?,
    })
}

fn kernel(json: &Json) -> Option<KernelView> {
    Some(KernelView {
        round_trip: micros(json, "round_trip_us")?,
        deviation: micros(json, "deviation_us")?,
        retransmissions: count(json, "retransmissions")?,
    })
}

fn span(json: &Json) -> Option<Span> {
    Some(Span { from: micros(json, "from_us")?, until: micros(json, "until_us")? })
}

fn asked(json: &Json) -> Option<Asked> {
    Some(Asked {
        question: text(json, "question")?,
        answer: text(json, "answer"),
        asked: micros(json, "asked_us"),
        answered: micros(json, "answered_us"),
    })
}

fn ending(json: &Json) -> Option<Ending> {
    let json = json.field("ending")?;
    Some(match text(&json, "state")?.as_str() {
        "running" => Ending::Running,
        "complete" => Ending::Complete,
        "stopped" => Ending::Stopped,
        "broken" => Ending::Broken(text(&json, "why")?),
        _ => return None,
    })
}

fn rounds(json: &Json) -> Option<Rounds> {
    let plan = json.field("plan")?;
    Some(Rounds {
        name: text(json, "name")?,
        to: text(json, "to")?,
        plan: Plan {
            rounds: count(&plan, "rounds")?,
            warm_up: count(&plan, "warm_up")?,
            connections: match text(&plan, "connections")?.as_str() {
                "one" => Connections::One,
                "each" => Connections::Each,
                _ => return None,
            },
            pace: micros(&plan, "pace_us"),
        },
        clock_step: micros(json, "clock_step_us")?,
        cores: count(json, "cores")?,
        answered: list(json, "answered", round)?,
        errors: count(json, "errors")?,
        ending: ending(json)?,
    })
}

fn round(json: &Json) -> Option<Round> {
    Some(Round {
        asked: count(json, "asked_100ns")?,
        connecting: count(json, "connecting_100ns")?,
        due: count(json, "due_100ns")?,
    })
}

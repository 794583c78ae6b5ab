//! Runs as tracks, in the Trace Event Format that Perfetto and the trace viewers of browsers read.
//!
//! Each run is a process, each whose time it was a thread. Every run begins at 0, so they lie below each other.

use super::document::{Document, Recorded};
use super::json::{Object, list};
use super::text::{micros, quoted};
use crate::run::{Order, Span};
use crate::trace::Point;
use crate::ways::{Leg, Way, ways};

/// The threads of a run. Questions that are on their way together have threads of their own: what
/// overlaps on one thread, and is not one within the other, cannot be drawn.
pub const TRACKS: [&str; 5] = ["asker", "bridge", "wire", "server", "unknown"];

/// Something on a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// Whose time it was: an index of [`TRACKS`].
    pub track: usize,
    /// With which question, from 0.
    pub question: usize,
    /// What it was.
    pub name: &'a str,
    /// When.
    pub span: Span,
    /// What came of it.
    pub answer: Option<&'a str>,
}

/// All runs, those of races after the single ones. Rounds have no moments, and are left out.
pub fn trace(document: &Document) -> String {
    let mut events = Vec::new();
    let mut process = 0;
    let mut add = |name: &str, runs: &[Recorded]| {
        for recorded in runs {
            process += 1;
            write_run(&mut events, process, name, recorded);
        }
    };
    add("Run", &document.runs);
    for (number, race) in document.races.iter().enumerate() {
        for (way, runs) in race.ways() {
            add(&["Race ", &(number + 1).to_string(), ", ", &way.replace('_', " "), ", run"].concat(), runs);
        }
    }
    Object::new().field("displayTimeUnit", quoted("ns")).field("traceEvents", list(&events, Clone::clone)).end() + "\n"
}

fn write_run(events: &mut Vec<String>, process: usize, name: &str, recorded: &Recorded) {
    let Recorded { number, run, .. } = recorded;
    let title = [name, " ", &number.to_string(), " to ", &run.to].concat();
    events.push(name_of("process_name", process, 0, &title));
    let beside = if run.order == Order::SentAhead { run.questions.len().max(1) } else { 1 };
    for (track, name) in TRACKS.iter().enumerate() {
        for slot in 0..beside {
            let name =
                if slot == 0 { (*name).to_owned() } else { [*name, ", question ", &(slot + 1).to_string()].concat() };
            events.push(name_of("thread_name", process, track * beside + slot + 1, &name));
        }
    }
    for Stretch { track, question, name, span, answer } in stretches(recorded) {
        let slot = if beside > 1 { question } else { 0 };
        let mut event = Object::new()
            .field("ph", quoted("X"))
            .field("pid", process.to_string())
            .field("tid", (track * beside + slot + 1).to_string())
            .field("ts", micros(span.from))
            .field("dur", micros(span.took()))
            .field("name", quoted(name));
        if let Some(answer) = answer {
            event = event.field("args", Object::new().field("answer", quoted(answer)).end());
        }
        events.push(event.end());
    }
}

/// Everything that a run's tracks show, each stretch after those that it lies within.
pub fn stretches(Recorded { run, trace, .. }: &Recorded) -> Vec<Stretch<'_>> {
    let ways = trace.as_ref().map(|trace| ways(run, trace)).unwrap_or_default();
    let before = [("looking up the address", run.lookup), ("connecting", run.connecting)];
    let before = before
        .into_iter()
        .filter_map(|(name, span)| Some(Stretch { track: 0, question: 0, name, span: span?, answer: None }));
    let mut stretches: Vec<_> = before.collect();
    for (question, asked) in run.questions.iter().enumerate() {
        let Some(span) = asked.span() else { continue };
        let (name, answer) = (asked.question.as_str(), asked.answer.as_deref());
        stretches.push(Stretch { track: 0, question, name, span, answer });
        let Some(way) = ways.get(question) else { continue };
        let legs =
            way.legs(span).into_iter().filter_map(|(leg, span)| track_of(leg).map(|(track, name)| (track, name, span)));
        let known = legs.chain(within(way, span));
        stretches.extend(known.map(|(track, name, span)| Stretch { track, question, name, span, answer: None }));
    }
    stretches
}

/// Where a leg is drawn and what it is called. What is the asker's own shows in the whole question.
fn track_of(leg: Leg) -> Option<(usize, &'static str)> {
    match leg {
        Leg::Asker => None,
        Leg::Bridge => Some((1, "bridge")),
        Leg::WireOut => Some((2, "wire, out")),
        Leg::Server => Some((3, "server")),
        Leg::WireBack => Some((2, "wire, back")),
        Leg::Unknown => Some((4, "unknown")),
    }
}

/// What is known more exactly than by legs: the server's thinking, and the time in the tunnel.
fn within(way: &Way, asked: Span) -> Vec<(usize, &'static str, Span)> {
    let moments = way.moments(asked);
    let pairs = moments.windows(2).filter_map(|pair| {
        let [(from, begin), (until, end)] = pair else { return None };
        let (track, name) = match (from, until) {
            (Point::ServerIn, Point::AnswerReady) => (3, "thinking"),
            (Point::TunnelIn, Point::TunnelOut) | (Point::TunnelBackIn, Point::TunnelBackOut) => (2, "tunnel"),
            _ => return None,
        };
        Some((track, name, Span { from: *begin, until: *end }))
    });
    pairs.collect()
}

fn name_of(what: &str, process: usize, thread: usize, name: &str) -> String {
    Object::new()
        .field("ph", quoted("M"))
        .field("pid", process.to_string())
        .field("tid", thread.to_string())
        .field("name", quoted(what))
        .field("args", Object::new().field("name", quoted(name)).end())
        .end()
}

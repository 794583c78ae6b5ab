//! Runs as tracks, in the Trace Event Format that Perfetto and the trace viewers of browsers read.
//!
//! Each run is a process, each whose time it was a thread. Every run begins at 0, so they lie below each other.

use std::time::Duration;

use serde::Serialize;

use super::document::{Document, Recorded};
use crate::connecting::Connecting;
use crate::legs::Leg;
use crate::micros;
use crate::paths::{Path, paths};
use crate::race::Way;
use crate::run::{Order, Span};
use crate::trace::Point;

/// The threads of a run. Questions that are on their way together have threads of their own: what
/// overlaps on one thread, and is not one within the other, cannot be drawn.
pub const TRACKS: [&str; 5] = ["asker", "bridge", "wire", "server", "unknown"];

/// What the part of connecting is called that is not measured.
pub const ATTRIBUTED_HANDSHAKE: &str = "handshake (attributed, not measured)";

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

/// The whole file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    display_time_unit: &'static str,
    trace_events: Vec<Event<'a>>,
}

/// A line of it: what it is, of which process and thread.
#[derive(Serialize)]
struct Event<'a> {
    pid: usize,
    tid: usize,
    #[serde(flatten)]
    what: What<'a>,
}

/// What a line says.
#[derive(Serialize)]
#[serde(tag = "ph")]
enum What<'a> {
    /// What something is called.
    #[serde(rename = "M")]
    Name { name: &'static str, args: Called },
    /// Something that took its time.
    #[serde(rename = "X")]
    Stretch {
        name: &'a str,
        #[serde(rename = "ts", with = "micros")]
        from: Duration,
        #[serde(rename = "dur", with = "micros")]
        took: Duration,
        #[serde(skip_serializing_if = "Option::is_none")]
        args: Option<Answer<'a>>,
    },
}

#[derive(Serialize)]
struct Called {
    name: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    answer: &'a str,
}

/// All runs, those of races after the single ones. Rounds have no moments, and are left out.
pub fn trace(document: &Document) -> String {
    let mut events = Vec::new();
    let mut process = 0;
    let mut add = |name: &str, runs| {
        for recorded in runs {
            process += 1;
            add_run(&mut events, process, name, recorded);
        }
    };
    add("Run", &document.runs[..]);
    for (number, race) in document.races.iter().enumerate() {
        for (turn, way, runs) in race.heats() {
            let turn = if turn == 0 { String::new() } else { format!(" turn {}", turn + 1) };
            let way = match way {
                Way::OneAtATime => "one at a time",
                Way::SentAhead => "sent ahead",
                Way::AtOnce => "at once",
            };
            add(&format!("Race {}{turn}, {way}, run", number + 1), runs);
        }
    }
    let file = File { display_time_unit: "ns", trace_events: events };
    serde_json::to_string(&file).expect("values without maps are JSON") + "\n"
}

fn add_run<'a>(events: &mut Vec<Event<'a>>, process: usize, name: &str, recorded: &'a Recorded) {
    let Recorded { number, run, .. } = recorded;
    let named = |tid, what, name| Event { pid: process, tid, what: What::Name { name: what, args: Called { name } } };
    events.push(named(0, "process_name", format!("{name} {number} to {}", run.to)));
    let beside = if run.order == Order::SentAhead { run.questions.len().max(1) } else { 1 };
    for (track, name) in TRACKS.iter().enumerate() {
        for slot in 0..beside {
            let name = if slot == 0 { (*name).to_owned() } else { format!("{name}, question {}", slot + 1) };
            events.push(named(track * beside + slot + 1, "thread_name", name));
        }
    }
    for Stretch { track, question, name, span, answer } in stretches(recorded) {
        let slot = if beside > 1 { question } else { 0 };
        let args = answer.map(|answer| Answer { answer });
        let what = What::Stretch { name, from: span.from, took: span.took(), args };
        events.push(Event { pid: process, tid: track * beside + slot + 1, what });
    }
}

/// Everything that a run's tracks show, each stretch after those that it lies within.
pub fn stretches(Recorded { run, trace, .. }: &Recorded) -> Vec<Stretch<'_>> {
    let paths = trace.as_ref().map(|trace| paths(run, trace)).unwrap_or_default();
    let before = [("looking up the address", run.lookup), ("connecting", run.connecting)];
    let before = before
        .into_iter()
        .filter_map(|(name, span)| Some(Stretch { track: 0, question: 0, name, span: span?, answer: None }));
    let mut stretches: Vec<_> = before.collect();
    for (leg, span) in paths.connecting().map(Connecting::legs).unwrap_or_default() {
        let Some((track, name)) = track_of(leg) else { continue };
        stretches.push(Stretch { track, question: 0, name, span, answer: None });
    }
    if let Some((connecting, moved)) = run.connecting.zip(run.attributed_handshake) {
        let span = Span { from: connecting.until.saturating_sub(moved), until: connecting.until };
        stretches.push(Stretch { track: 2, question: 0, name: ATTRIBUTED_HANDSHAKE, span, answer: None });
    }
    for (question, asked) in run.questions.iter().enumerate() {
        let Some(span) = asked.span() else { continue };
        let (name, answer) = (asked.question.as_str(), asked.answer.as_deref());
        stretches.push(Stretch { track: 0, question, name, span, answer });
        let Some(path) = paths.questions().get(question) else { continue };
        let legs =
            path.legs().into_iter().filter_map(|(leg, span)| track_of(leg).map(|(track, name)| (track, name, span)));
        let known = legs.chain(within(path));
        stretches.extend(known.map(|(track, name, span)| Stretch { track, question, name, span, answer: None }));
    }
    stretches
}

/// Where a leg is drawn and what it is called. What is the asker's own shows in the whole question.
fn track_of(leg: Leg) -> Option<(usize, &'static str)> {
    match leg {
        Leg::Asker => None,
        Leg::Bridge => Some((1, "bridge")),
        Leg::Connect => Some((2, "connect()")),
        Leg::WireOut => Some((2, "wire, out")),
        Leg::Server => Some((3, "server")),
        Leg::WireBack => Some((2, "wire, back")),
        Leg::Unknown => Some((4, "unknown")),
    }
}

/// What is known more exactly than by legs: the server's thinking, and the time in the tunnel.
fn within(path: &Path) -> Vec<(usize, &'static str, Span)> {
    let parts = [
        (3, "thinking", Point::ServerIn, Point::AnswerReady),
        (2, "tunnel", Point::TunnelIn, Point::TunnelOut),
        (2, "tunnel", Point::TunnelBackIn, Point::TunnelBackOut),
    ];
    let laid = parts.into_iter().filter_map(|(track, name, from, until)| Some((track, name, path.laid(from, until)?)));
    laid.collect()
}

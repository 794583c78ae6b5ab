//! Runs as tracks, in the Trace Event Format that Perfetto and the trace viewers of browsers read.
//!
//! Each run is a process, and each part of the path is a thread. Every run begins at 0, so that runs can be compared. A viewer counts
//! whole nanoseconds: each slice ends where the truncated begin and the truncated duration add up to its end, so that slices stay nested.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::document::{Document, RecordedRun};
use crate::connecting::Connecting;
use crate::legs::Leg;
use crate::paths::{Path, paths};
use crate::race::Way;
use crate::run::{Order, Span};
use crate::server_work::ServerWork;
use crate::trace::TracePoint;

/// The threads of a run. Questions in flight together have threads of their own, because slices of one thread must be nested or
/// disjoint.
pub const TRACKS: [&str; 5] = ["client", "bridge", "link", "server", "unknown"];

/// The name of the slice for the part of connecting that is attributed and not measured.
pub const ATTRIBUTED_HANDSHAKE: &str = "handshake (attributed, not measured)";

/// A slice of a track: a span of time with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'a> {
    /// The track: an index of [`TRACKS`].
    pub track: usize,
    /// The number of the question, from 0; 0 also for slices before the first question.
    pub question: usize,
    /// The name.
    pub name: &'a str,
    /// The begin and the end.
    pub span: Span,
    /// The answer of a question.
    pub answer: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    display_time_unit: &'static str,
    trace_events: Vec<Event<'a>>,
}

/// An event of the file, on a thread of a process.
#[derive(Serialize)]
struct Event<'a> {
    pid: usize,
    tid: usize,
    #[serde(flatten)]
    kind: EventKind<'a>,
}

/// The kind of an event, named by its phase.
#[derive(Serialize)]
#[serde(tag = "ph")]
enum EventKind<'a> {
    /// Metadata: the name of a process or thread, or labels next to the name.
    #[serde(rename = "M")]
    Metadata { name: &'static str, args: MetadataArgs },
    /// A complete event: a slice.
    #[serde(rename = "X")]
    Complete {
        name: &'a str,
        #[serde(rename = "ts", serialize_with = "micros")]
        from: Duration,
        #[serde(rename = "dur", serialize_with = "micros")]
        took: Duration,
        #[serde(skip_serializing_if = "Option::is_none")]
        args: Option<AnswerArgs<'a>>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum MetadataArgs {
    Name(String),
    Labels(String),
    #[serde(rename = "sort_index")]
    SortIndex(usize),
}

#[derive(Serialize)]
struct AnswerArgs<'a> {
    answer: &'a str,
}

/// Writes microseconds that are whole nanoseconds after they were multiplied by 1,000 and truncated, as Perfetto does. Some nanoseconds
/// have no exact number of microseconds, and the nearest number may be below them.
fn micros<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let nanos = duration.as_nanos() as u64;
    let mut micros = nanos as f64 / 1_000.0;
    if ((micros * 1_000.0) as u64) < nanos {
        micros = micros.next_up();
    }
    serializer.serialize_f64(micros)
}

/// Writes all runs, those of races after the single ones. Rounds are left out, because they have durations only.
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

fn add_run<'a>(events: &mut Vec<Event<'a>>, process: usize, name: &str, recorded: &'a RecordedRun) {
    let RecordedRun { number, run, .. } = recorded;
    let metadata = |tid, kind, args| Event { pid: process, tid, kind: EventKind::Metadata { name: kind, args } };
    let name = format!("{name} {number} to {}", run.target);
    events.push(metadata(0, "process_name", MetadataArgs::Name(name)));
    events.push(metadata(0, "process_sort_index", MetadataArgs::SortIndex(process)));
    let labels = labels(recorded);
    if !labels.is_empty() {
        events.push(metadata(0, "process_labels", MetadataArgs::Labels(labels.join(", "))));
    }
    let slices = slices(recorded);
    let in_flight_max = if run.order == Order::SentAhead { run.questions.len().max(1) } else { 1 };
    let thread = |track: usize, question: usize| {
        let slot = if in_flight_max > 1 { question } else { 0 };
        track * in_flight_max + slot + 1
    };
    let mut is_used = vec![false; TRACKS.len() * in_flight_max + 1];
    for slice in &slices {
        is_used[thread(slice.track, slice.question)] = true;
    }
    for thread in (1..is_used.len()).filter(|thread| is_used[*thread]) {
        let (track, slot) = (TRACKS[(thread - 1) / in_flight_max], (thread - 1) % in_flight_max);
        let name = if slot == 0 { track.to_owned() } else { format!("{track}, question {}", slot + 1) };
        events.push(metadata(thread, "thread_name", MetadataArgs::Name(name)));
        events.push(metadata(thread, "thread_sort_index", MetadataArgs::SortIndex(thread)));
    }
    for Slice { track, question, name, span, answer } in slices {
        let args = answer.map(|answer| AnswerArgs { answer });
        let kind = EventKind::Complete { name, from: span.from, took: span.took(), args };
        events.push(Event { pid: process, tid: thread(track, question), kind });
    }
}

/// Returns what limits the times of a run, and its provenance.
fn labels(RecordedRun { run, provenance, link, server_work, .. }: &RecordedRun) -> Vec<String> {
    let mut labels = provenance.describe();
    labels.extend(link.describe());
    labels.extend(server_work.and_then(ServerWork::describe));
    labels.extend(run.interruptions.describe().map(str::to_owned));
    labels
}

/// Returns the slices of a run. A slice comes after the slices that enclose it.
pub fn slices(RecordedRun { run, trace, .. }: &RecordedRun) -> Vec<Slice<'_>> {
    let paths = trace.as_ref().map(|trace| paths(run, trace)).unwrap_or_default();
    let mut slices = Vec::new();
    for (name, span) in [("looking up the address", run.lookup), ("connecting", run.connecting)] {
        if let Some(span) = span {
            slices.push(Slice { track: 0, question: 0, name, span, answer: None });
        }
    }
    for (leg, span) in paths.connecting().map(Connecting::legs).unwrap_or_default() {
        let Some((track, name)) = track_of(leg) else { continue };
        slices.push(Slice { track, question: 0, name, span, answer: None });
    }
    if let Some((connecting, moved)) = run.connecting.zip(run.attributed_handshake) {
        let span = Span { from: connecting.until.saturating_sub(moved), until: connecting.until };
        slices.push(Slice { track: 2, question: 0, name: ATTRIBUTED_HANDSHAKE, span, answer: None });
    }
    for (question, asked) in run.questions.iter().enumerate() {
        let Some(span) = asked.span() else { continue };
        let name = asked.question.as_str();
        let answer = asked.answer.as_deref();
        slices.push(Slice { track: 0, question, name, span, answer });
        let Some(path) = paths.questions().get(question) else { continue };
        for (leg, span) in path.legs() {
            let Some((track, name)) = track_of(leg) else { continue };
            slices.push(Slice { track, question, name, span, answer: None });
        }
        for (track, name, span) in within(path) {
            slices.push(Slice { track, question, name, span, answer: None });
        }
    }
    slices
}

/// Returns the track and the name of a leg; `None` for the client's, which the slice of the whole question shows.
fn track_of(leg: Leg) -> Option<(usize, &'static str)> {
    match leg {
        Leg::Client => None,
        Leg::Bridge => Some((1, "bridge")),
        Leg::Connect => Some((2, "connect()")),
        Leg::LinkOut => Some((2, "link, out")),
        Leg::Server => Some((3, "server")),
        Leg::LinkBack => Some((2, "link, back")),
        Leg::Unknown => Some((4, "unknown")),
    }
}

/// Returns the slices within legs: the server's work, and the time in the tunnel.
fn within(path: &Path) -> Vec<(usize, &'static str, Span)> {
    let parts = [
        (3, "thinking", TracePoint::ServerIn, TracePoint::AnswerReady),
        (2, "tunnel", TracePoint::TunnelIn, TracePoint::TunnelOut),
        (2, "tunnel", TracePoint::TunnelBackIn, TracePoint::TunnelBackOut),
    ];
    let mut slices = Vec::new();
    for (track, name, from, until) in parts {
        if let Some(span) = path.client_span(from, until) {
            slices.push((track, name, span));
        }
    }
    slices
}

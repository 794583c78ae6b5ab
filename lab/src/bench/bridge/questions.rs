//! Many clients that ask, by the engine of the load.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use launcelot_measure::load::{Counts, DialoguePlan};
use launcelot_measure::percentile::Percentile;
use launcelot_protocol::Script;

use super::figures::Spread;
use super::relays::{Process, Relay};
use super::table::{NONE, Table};
use super::{Bench, BridgeBenchError};
use crate::load::cycle::{CycleSettings, EarlyEnd, EngineEvent, Pace};
use crate::load::engine::run_cycle;
use crate::load::processes::UsageSnapshot;
use crate::load::script_text::ScriptText;

/// The time before the window in which the clients start.
const RAMP: Duration = Duration::from_millis(500);

/// The number of questions of a dialogue, for each of those in flight. Connections stay open from one dialogue to the next.
const QUESTIONS: u32 = 50;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What was measured in one window.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) questions_per_s: f64,
    pub(super) p99: Duration,
    /// Of the relay, for a question.
    processor_us: f64,
}

/// Measures all relays with `clients`, each of which keeps `in_flight` questions in flight.
pub(super) fn measure(bench: &Bench<'_>, clients: u32, in_flight: u32) -> Result<Table, BridgeBenchError> {
    let relays: Vec<&Relay> = bench.relays.iter().filter(|relay| relay.clients_max >= clients).collect();
    let results = bench.rounds(&relays, |relay| {
        let process = bench.start(relay, bench.server.address)?;
        sample(bench, &process, clients, in_flight)
    })?;
    let noun = if clients == 1 { "client" } else { "clients" };
    let asking = if in_flight == 1 { "lockstep".to_owned() } else { format!("{in_flight} questions in flight each") };
    let columns = ["", "questions/s", "99th percentile, µs", "processor, µs/question"];
    let mut table = Table::new(format!("{clients} {noun}, {asking}"), &columns);
    for (relay, samples) in &results {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure)).text();
        table.rows.push(vec![
            relay.name.to_owned(),
            of(|sample| sample.questions_per_s),
            // Dialogues that take longer than the window have none.
            if samples.iter().any(|sample| sample.p99.is_zero()) {
                NONE.to_owned()
            } else {
                of(|sample| sample.p99.as_secs_f64() * 1e6)
            },
            if relay.is_program() { of(|sample| sample.processor_us) } else { NONE.to_owned() },
        ]);
    }
    Ok(table)
}

/// Runs one window of load.
pub(super) fn sample(
    bench: &Bench<'_>,
    process: &Process,
    clients: u32,
    in_flight: u32,
) -> Result<Sample, BridgeBenchError> {
    let dialogue = DialoguePlan {
        questions: QUESTIONS * in_flight,
        in_flight,
        keep_alive: true,
        timeout: ANSWER_TIMEOUT,
        ..DialoguePlan::default()
    };
    let settings = CycleSettings {
        target: process.target(),
        text: Arc::new(ScriptText::new(&Script::default())),
        dialogue,
        pace: Pace::Closed { clients, ramp: RAMP },
        duration: *bench.options.duration,
        seed: 0,
    };
    let (sender, events) = channel();
    let mut counts = Counts::default();
    let mut begin = UsageSnapshot::default();
    let mut end = None;
    thread::scope(|scope| {
        // The sender moves there, so that the events end with the engine.
        let engine = scope.spawn(move || run_cycle(&settings, &sender, &EarlyEnd::default()));
        for event in &events {
            match event {
                EngineEvent::WindowBegan => begin = process.usage(),
                EngineEvent::Progress { added, .. } => counts.merge(&added),
                EngineEvent::WindowEnded { window, .. } => end = Some((window, process.usage())),
            }
        }
        engine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let wrong = |problem| BridgeBenchError::Wrong { name: process.name.to_owned(), problem };
    if let Some((kind, tally)) = counts.failures.iter().next() {
        return Err(wrong(format!("{kind:?}: {}", tally.example.as_deref().unwrap_or("no example"))));
    }
    let (window, usage) = end.filter(|_| counts.questions > 0).ok_or_else(|| wrong("no answer".to_owned()))?;
    let questions = counts.questions as f64;
    Ok(Sample {
        questions_per_s: questions / window.as_secs_f64(),
        p99: counts.question_latency.at_rank(Percentile::P99.rank(counts.question_latency.count())),
        processor_us: usage.since(&begin).processor.as_secs_f64() * 1e6 / questions,
    })
}

//! Runs one cycle of the load engine: `engine_bench ADDRESS CLIENTS IN_FLIGHT QUESTIONS THINK_MS SECONDS [RATE]`.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use launcelot_lab::load::cycle::{CycleSettings, EarlyEnd, EngineEvent, Pace, Target};
use launcelot_lab::load::engine::run_cycle;
use launcelot_measure::load::{Arrivals, Counts, DialoguePlan, RatedUnit};
use launcelot_measure::percentile::Percentile;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).map_or(Ok(0), |argument| argument.parse::<u32>());
    let dialogue = DialoguePlan {
        script: None,
        questions: number(3)?,
        in_flight: number(2)?,
        think: Duration::from_millis(u64::from(number(4)?)),
        keep_alive: number(6)? == 0,
        timeout: Duration::from_secs(10),
    };
    let pace = match number(6)? {
        0 => Pace::Closed { clients: number(1)?, ramp: dialogue.think.max(Duration::from_millis(100)) },
        rate => Pace::Open { rate, arrivals: Arrivals::Steady, per: RatedUnit::Dialogue, max_in_flight: number(1)? },
    };
    let settings = CycleSettings {
        target: Target::Tcp(vec![arguments[0].parse()?]),
        script: Arc::default(),
        dialogue,
        pace,
        duration: Duration::from_secs(u64::from(number(5)?)),
        seed: 1,
    };
    let (sender, events) = mpsc::channel();
    run_cycle(&settings, &sender, &EarlyEnd::default())?;
    drop(sender);
    let mut counts = Counts::default();
    for event in events {
        match event {
            EngineEvent::WindowBegan => {}
            EngineEvent::Progress { added, .. } => counts.merge(&added),
            EngineEvent::WindowEnded { window, generator } => {
                println!("window {window:?}, processor {:?}", generator.processor);
            }
        }
    }
    println!("q/s {:.0}  dialogues {}", counts.questions as f64 / settings.duration.as_secs_f64(), counts.dialogues);
    let lateness = &counts.lateness;
    println!(
        "latency {:?} {:?}",
        counts.question_latency.median(),
        counts.question_latency.percentile(Percentile::P99)
    );
    println!("lateness {} {:?} {:?}", lateness.count(), lateness.median(), lateness.percentile(Percentile::P99));
    println!("failures {:?} held back {} queued {}", counts.failures, counts.held_back, counts.queued);
    Ok(())
}

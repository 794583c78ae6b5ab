//! Results that were not measured, for tests, also of other packages.
//!
//! [`result`] has the cycles that a test writes with [`cycle`]; [`sample`] has all of them, with figures that look measured.

pub mod sample;

use std::time::Duration;

use super::counts::Counts;
use super::plan::{CycleId, DialoguePlan, Level, LoadMode, LoadPlan, ServerKind, ServerPlan};
use super::result::{CycleEnd, CycleResult, LoadResult, Provenance, RunStatus};
use super::usage::{GeneratorUsage, ServerUsage};

/// The window of each cycle.
pub const WINDOW: Duration = Duration::from_secs(2);

/// Returns a completed result of a closed loop of dialogues with ten questions, in three rounds. The servers are designs with those
/// names.
pub fn result(servers: &[&str], clients: &[u32], cycles: impl IntoIterator<Item = CycleResult>) -> LoadResult {
    let design = |name: &&str| ServerPlan {
        name: (*name).to_owned(),
        kind: ServerKind::Design {
            design: (*name).to_owned(),
            workers: None,
            threads: None,
            backlog: None,
            think: Duration::ZERO,
        },
    };
    let plan = LoadPlan {
        servers: servers.iter().map(design).collect(),
        link: None,
        handshake: false,
        faults: None,
        direct: None,
        dialogue: DialoguePlan { timeout: Duration::from_secs(5), ..DialoguePlan::default() },
        mode: LoadMode::Closed { clients: clients.to_vec() },
        duration: WINDOW,
        ramp: Duration::ZERO,
        pause: Duration::ZERO,
        rounds: 3,
        seed: 1,
    };
    let provenance = Provenance {
        begun: "2026-11-27T10:00:00+00:00".to_owned(),
        program: "launcelot-lab 0.1.0".to_owned(),
        host: "first".to_owned(),
        processors: 2,
        processor: "A processor".to_owned(),
        system: "Linux 6.12".to_owned(),
        command: ["launcelot-lab", "load", "--designs", "all"].map(str::to_owned).to_vec(),
        warnings: Vec::new(),
    };
    let mut result = LoadResult::new(plan, provenance);
    result.cycles.extend(cycles);
    result.status = RunStatus::Completed;
    result
}

/// Returns a cycle in which `dialogues` ended. A question took 1 ms, the first answer 2 ms, a dialogue 12 ms; the server used 10 µs a
/// question.
pub fn cycle(server: u32, clients: u32, round: u32, dialogues: u64) -> CycleResult {
    let questions = dialogues * 10;
    let times = |count: u64, millis: u64| (0..count).map(|_| Duration::from_millis(millis)).collect();
    CycleResult {
        cycle: CycleId { round, level: Level::Clients(clients), server },
        counts: Counts {
            dialogues,
            questions,
            clients_answered: if dialogues == 0 { 0 } else { clients.into() },
            question_latency: times(questions, 1),
            first_answer_latency: times(dialogues, 2),
            dialogue_latency: times(dialogues, 12),
            ..Counts::default()
        },
        end: Some(CycleEnd {
            window: WINDOW,
            server: Some(ServerUsage {
                processor: Duration::from_micros(questions * 10),
                memory_bytes: 1 << 20,
                processes: 1,
                threads: 3,
                context_switches: questions * 2,
            }),
            generator: GeneratorUsage {
                processor: Duration::from_secs(1),
                threads: 2,
                other_processor: Duration::from_millis(500),
            },
            link_lateness: None,
            server_ended: None,
        }),
    }
}

//! A result that was not measured, for tests.

use std::time::Duration;

use launcelot_measure::Distribution;
use launcelot_measure::load::{
    Counts, CycleEnd, CycleId, CycleResult, DialogueFailure, DialoguePlan, GeneratorUsage, Level, LoadMode, LoadPlan,
    LoadResult, Provenance, RunStatus, ServerKind, ServerPlan, ServerUsage,
};

/// The number of clients that each design serves at once, and its rate with one client.
const DESIGNS: [(u32, f64); 8] =
    [(1, 62.0), (40, 38.0), (10, 60.0), (10, 63.0), (1_000, 62.5), (1_000, 66.0), (1_000, 64.0), (1_000, 65.0)];

/// Returns the result of a completed run of three rounds.
pub(crate) fn result(names: &[&str], clients: &[u32]) -> LoadResult {
    rounds(3, names, clients)
}

/// Returns the result of a completed run.
pub(crate) fn rounds(rounds: u32, names: &[&str], clients: &[u32]) -> LoadResult {
    let server = |name: &&str| ServerPlan {
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
        servers: names.iter().map(server).collect(),
        link: None,
        dialogue: DialoguePlan {
            script: None,
            questions: 10,
            in_flight: 1,
            think: Duration::ZERO,
            keep_alive: false,
            timeout: Duration::from_secs(5),
        },
        mode: LoadMode::Closed { clients: clients.to_vec() },
        duration: Duration::from_secs(2),
        ramp: Duration::from_millis(200),
        pause: Duration::ZERO,
        rounds,
        seed: 1,
    };
    let provenance = Provenance {
        begun: "2026-11-27T10:15:00+01:00".to_owned(),
        program: "launcelot-lab 0.1.0".to_owned(),
        host: "bridge".to_owned(),
        processors: 2,
        processor: "A processor".to_owned(),
        system: "Linux 6.12".to_owned(),
        command: ["launcelot-lab", "load", "--designs", "all"].map(str::to_owned).to_vec(),
        warnings: vec!["Client and server share two processors.".to_owned()],
    };
    let mut result = LoadResult::new(plan, provenance);
    for round in 0..rounds {
        for level in clients {
            for server in 0..names.len() as u32 {
                let cycle = CycleId { round, level: Level::Clients(*level), server };
                result.cycles.push(CycleResult { cycle, counts: counts(cycle), end: Some(end(cycle)) });
            }
        }
    }
    result.status = RunStatus::Completed;
    result
}

fn counts(cycle: CycleId) -> Counts {
    let (served, rate) = DESIGNS[cycle.server as usize % DESIGNS.len()];
    let clients = cycle.level.number();
    let noise = 1.0 + f64::from((cycle.round * 7 + clients * 3 + cycle.server * 5) % 9) / 100.0;
    let at_once = f64::from(clients.min(served)) / (1.0 + f64::from(clients) / 60.0);
    let dialogues = (rate * at_once * noise * 2.0) as u64;
    let waits = f64::from(clients) / f64::from(clients.min(served));
    let spread = |middle_us: f64, tail: f64| -> Distribution {
        let times = (0..dialogues.max(20)).map(|index| {
            let share = (index as f64 + 0.5) / dialogues.max(20) as f64;
            let stretched = middle_us * (0.8 + 0.4 * share) * (1.0 + tail * share.powi(40));
            Duration::from_nanos((stretched * 1_000.0) as u64)
        });
        times.collect()
    };
    // Connecting takes as long as two questions.
    let question_us = 1e6 / 12.0 / rate * noise;
    let mut counts = Counts {
        dialogues,
        questions: dialogues * 10,
        clients_answered: u64::from(clients),
        cut_at_begin: u64::from(clients),
        cut_at_end: u64::from(clients),
        question_latency: spread(question_us, 2.0),
        first_answer_latency: spread(question_us * (12.0 * waits - 9.0), 3.0),
        dialogue_latency: spread(question_us * 12.0 * waits, 2.0),
        lateness: spread(40.0, 5.0),
        ..Counts::default()
    };
    if cycle.server == 1 && clients >= 16 {
        for _ in 0..clients {
            counts.failures.add(DialogueFailure::Refused, Some("Connection refused (os error 111)"));
        }
    }
    counts
}

fn end(cycle: CycleId) -> CycleEnd {
    let clients = cycle.level.number();
    CycleEnd {
        window: Duration::from_secs(2),
        server: Some(ServerUsage {
            processor: Duration::from_millis(5 * u64::from(clients)),
            memory_bytes: 3_000_000 + 90_000 * u64::from(clients),
            processes: 1,
            threads: 1 + clients,
            context_switches: 900 * u64::from(clients),
        }),
        generator: GeneratorUsage { processor: Duration::from_millis(10 * u64::from(clients)), threads: 1 },
        server_ended: None,
    }
}

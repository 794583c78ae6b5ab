//! The simple model of a closed loop: what a server could do if only the link, the questions and its design mattered.
//!
//! `min(clients, served at once) / (connect + round trips × (round trip + direct question + think))` dialogues a second, at most what the
//! processors allow. The direct question is the time of a question without the link, which contains the server's own think time. Nothing
//! is fitted to the curve. The model knows neither the link's bandwidth nor what the emulation of the link itself takes.

use std::time::Duration;

use super::plan::{Level, LoadPlan, ServerKind};
use crate::link::LinkSettings;

/// The number of workers of `launcelot-server`, unless told.
const WORKERS: u32 = 10;

/// How many clients a server serves at once by its design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedAtOnce {
    /// At most this number; the others wait.
    AtMost(u32),
    /// All of them.
    All,
}

/// What the model knows of a run besides its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelInputs {
    /// The median time of a question on a direct connection, in the same run.
    pub direct_question: Duration,
    /// The time to open a direct connection and have it accepted.
    pub direct_connect: Duration,
    /// The processors that the server and the load generator share, and what a dialogue costs both of them; `None` if it is unknown.
    pub processors: Option<Processors>,
}

/// How the processors limit a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Processors {
    /// Their number.
    pub number: u32,
    /// The processor time of a dialogue, in the server and in the load generator.
    pub per_dialogue: Duration,
}

/// Returns how many clients a server serves at once; `None` if its design is not known.
pub fn served_at_once(server: &ServerKind) -> Option<ServedAtOnce> {
    let ServerKind::Design { design, workers, .. } = server else { return None };
    match design.as_str() {
        "simple" => Some(ServedAtOnce::AtMost(1)),
        "workers" | "processes" => Some(ServedAtOnce::AtMost(workers.unwrap_or(WORKERS))),
        "poll" | "threads" | "async" | "per-core" | "inetd" => Some(ServedAtOnce::All),
        _ => None,
    }
}

/// Predicts the dialogues a second of a server of the plan. Returns `None` in an open loop, where the plan sets the rate, for a server
/// whose design is not known, and if a dialogue would take no time.
pub fn predict(plan: &LoadPlan, server: usize, level: Level, inputs: &ModelInputs) -> Option<f64> {
    let Level::Clients(clients) = level else { return None };
    let server = &plan.servers.get(server)?.kind;
    let served = match served_at_once(server)? {
        ServedAtOnce::AtMost(limit) => clients.min(limit),
        ServedAtOnce::All => clients,
    };
    let dialogue = dialogue_time(plan, inputs).as_secs_f64();
    if dialogue == 0.0 {
        return None;
    }
    let mut rate = f64::from(served) / dialogue;
    let work = one_at_a_time(server) * plan.dialogue.questions;
    if !work.is_zero() {
        rate = rate.min(1.0 / work.as_secs_f64());
    }
    let Some(processors) = inputs.processors.filter(|processors| !processors.per_dialogue.is_zero()) else {
        return Some(rate);
    };
    Some(rate.min(f64::from(processors.number) / processors.per_dialogue.as_secs_f64()))
}

/// Returns how far a measurement lies from its prediction, in percent: positive if it is higher.
pub fn deviation_percent(measured: f64, predicted: f64) -> f64 {
    (measured / predicted - 1.0) * 100.0
}

/// Returns the mean delay that the link adds to a round trip. Its jitter is uniformly distributed, each way.
pub fn mean_round_trip(link: &LinkSettings) -> Duration {
    link.rtt + link.jitter
}

/// Returns the simulated work on an answer during which a server serves none of its other clients. With more clients than one,
/// [`served_at_once`] does not tell.
fn one_at_a_time(server: &ServerKind) -> Duration {
    match server {
        ServerKind::Design { design, think, .. } if design == "poll" => *think,
        _ => Duration::ZERO,
    }
}

/// Questions in flight together share a round trip. The last answer of a connection is not followed by a pause; on one that stays open,
/// the next dialogue is.
fn dialogue_time(plan: &LoadPlan, inputs: &ModelInputs) -> Duration {
    let dialogue = &plan.dialogue;
    let round_trip = plan.link.as_ref().map(mean_round_trip).unwrap_or_default();
    let handshake = if plan.handshake { round_trip } else { Duration::ZERO };
    let connect = if dialogue.keep_alive { Duration::ZERO } else { handshake + inputs.direct_connect };
    let round_trips = dialogue.questions.div_ceil(dialogue.in_flight.max(1));
    let pauses = if dialogue.keep_alive { round_trips } else { round_trips.saturating_sub(1) };
    connect + (round_trip + inputs.direct_question) * round_trips + dialogue.think * pauses
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::result;
    use super::*;

    const DESIGNS: [&str; 4] = ["simple", "workers", "async", "other"];

    /// Ten questions of 10 ms each, by a link of 9.5 ms.
    fn plan() -> LoadPlan {
        let mut plan = result(&DESIGNS, &[1, 20], []).plan;
        plan.link = Some(LinkSettings { rtt: Duration::from_micros(9_500), ..LinkSettings::default() });
        plan
    }

    fn inputs() -> ModelInputs {
        ModelInputs { direct_question: Duration::from_micros(500), ..ModelInputs::default() }
    }

    #[track_caller]
    fn assert_predicted(plan: &LoadPlan, inputs: &ModelInputs, expected: [Option<f64>; 4]) {
        for (server, expected) in expected.into_iter().enumerate() {
            let predicted = predict(plan, server, Level::Clients(20), inputs);
            let is_near = match (predicted, expected) {
                (Some(predicted), Some(expected)) => (predicted - expected).abs() < 1e-6,
                (predicted, expected) => predicted == expected,
            };
            assert!(is_near, "{}: {predicted:?} is not {expected:?}", DESIGNS[server]);
        }
    }

    #[test]
    fn a_design_serves_as_many_at_once_as_it_has_workers() {
        assert_predicted(&plan(), &inputs(), [Some(10.0), Some(100.0), Some(200.0), None]);
        let mut twenty = plan();
        let ServerKind::Design { workers, .. } = &mut twenty.servers[1].kind else { panic!("a design") };
        *workers = Some(20);
        assert_predicted(&twenty, &inputs(), [Some(10.0), Some(200.0), Some(200.0), None]);
    }

    #[test]
    fn the_processors_cap_a_rate() {
        let processors = Processors { number: 2, per_dialogue: Duration::from_millis(25) };
        let capped = ModelInputs { processors: Some(processors), ..inputs() };
        assert_predicted(&plan(), &capped, [Some(10.0), Some(80.0), Some(80.0), None]);
    }

    #[test]
    fn connecting_and_thinking_take_time_and_pipelining_saves_round_trips() {
        let with_connect = ModelInputs { direct_connect: Duration::from_millis(100), ..inputs() };
        assert_predicted(&plan(), &with_connect, [Some(5.0), Some(50.0), Some(100.0), None]);
        let mut kept_alive = plan();
        kept_alive.dialogue.keep_alive = true;
        assert_predicted(&kept_alive, &with_connect, [Some(10.0), Some(100.0), Some(200.0), None]);
        let mut thinking = plan();
        thinking.dialogue.think = Duration::from_millis(100) / 9;
        assert_predicted(&thinking, &inputs(), [Some(5.0), Some(50.0), Some(100.0), None]);
        // On a connection that stays open, a pause follows the last answer of a dialogue, too.
        thinking.dialogue.keep_alive = true;
        thinking.dialogue.think = Duration::from_millis(10);
        assert_predicted(&thinking, &inputs(), [Some(5.0), Some(50.0), Some(100.0), None]);
        let mut pipelined = plan();
        pipelined.dialogue.in_flight = 5;
        assert_predicted(&pipelined, &inputs(), [Some(50.0), Some(500.0), Some(1_000.0), None]);
    }

    #[test]
    fn the_jitter_of_a_link_adds_its_mean_and_its_handshake_a_round_trip() {
        let mut plan = plan();
        // Half of the jitter, each way: 10 ms as before.
        plan.link = Some(LinkSettings {
            rtt: Duration::from_micros(8_000),
            jitter: Duration::from_micros(1_500),
            ..LinkSettings::default()
        });
        assert_predicted(&plan, &inputs(), [Some(10.0), Some(100.0), Some(200.0), None]);
        plan.handshake = true;
        let dialogue_s = 0.1095;
        let rate = |served: f64| Some(served / dialogue_s);
        assert_predicted(&plan, &inputs(), [rate(1.0), rate(10.0), rate(20.0), None]);
    }

    #[test]
    fn while_it_works_poll_serves_one_client_and_threads_serve_all() {
        let mut plan = result(&["poll", "threads"], &[1, 20], []).plan;
        for server in &mut plan.servers {
            let ServerKind::Design { think, .. } = &mut server.kind else { panic!("a design") };
            *think = Duration::from_millis(5);
        }
        let inputs = ModelInputs { direct_question: Duration::from_millis(5), ..ModelInputs::default() };
        let rates = [0, 1].map(|server| predict(&plan, server, Level::Clients(20), &inputs).unwrap().round());
        assert_eq!(rates, [20.0, 400.0]);
    }

    #[test]
    fn an_open_loop_and_an_unknown_server_have_no_prediction() {
        assert_eq!(predict(&plan(), 0, Level::Rate(20), &inputs()), None);
        assert_eq!(predict(&plan(), 9, Level::Clients(20), &inputs()), None);
        assert_eq!(served_at_once(&ServerKind::Command { command: "mine".to_owned() }), None);
    }

    #[test]
    fn a_deviation_is_relative_to_the_prediction() {
        assert!((deviation_percent(85.0, 100.0) + 15.0).abs() < 1e-9);
    }
}

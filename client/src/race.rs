//! The same questions asked in three ways that take turns, one after the other, so that none disturbs another.

use std::io;
use std::time::Instant;

use futures_util::future::join_all;
use launcelot_measure::race::has_another_turn;
use launcelot_measure::{Order, Run, Turn, Way, clock};
use serde::Serialize;

use crate::ask::{AskError, Plan, ask_since};

/// What came of the three ways in each turn.
#[derive(Debug, Default, Serialize)]
pub struct RaceResult {
    /// The first turn. A way that was not begun, because one before it had failed, has no runs.
    #[serde(flatten)]
    pub first: Turn<Run>,
    /// The turns after it, as many as fit into five seconds, but at most four.
    pub more_turns: Vec<Turn<Run>>,
}

impl RaceResult {
    /// All turns.
    pub fn turns(&self) -> impl Iterator<Item = &Turn<Run>> {
        std::iter::once(&self.first).chain(&self.more_turns)
    }
}

/// Asks the questions of `plan` in each way; its order does not matter. The first way that fails is the last one, and says
/// why; what had come before is kept.
pub async fn race(plan: &Plan) -> (RaceResult, Result<(), AskError>) {
    let mut turns = Vec::new();
    let began = Instant::now();
    let mut result = Ok(());
    while result.is_ok() && has_another_turn(turns.len(), began.elapsed()) {
        let mut runs = Turn::default();
        result = run_turn(plan, turns.len(), &mut runs).await;
        turns.push(runs);
    }
    let mut turns = turns.into_iter();
    (RaceResult { first: turns.next().unwrap_or_default(), more_turns: turns.collect() }, result)
}

async fn run_turn(plan: &Plan, turn: usize, runs: &mut Turn<Run>) -> Result<(), AskError> {
    for way in Way::in_turn(turn) {
        let plans = match way {
            Way::OneAtATime => vec![Plan { order: Order::OneAtATime, ..plan.clone() }],
            Way::SentAhead => vec![Plan { order: Order::SentAhead, ..plan.clone() }],
            Way::AtOnce => plan
                .questions
                .iter()
                .map(|question| Plan { questions: vec![question.clone()], ..plan.clone() })
                .collect(),
        };
        let result;
        (*runs.of_mut(way), result) = run_at_once(&plans).await;
        result?;
    }
    Ok(())
}

/// Begins all plans at the same reading.
async fn run_at_once(plans: &[Plan]) -> (Vec<Run>, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let began = Instant::now();
    let asked =
        join_all(plans.iter().map(async |plan| ask_since(plan, began, step, |_| io::Result::Ok(())).await)).await;
    let (runs, results): (_, Vec<_>) = asked.into_iter().map(|(account, result)| (account.run, result)).unzip();
    (runs, results.into_iter().collect())
}

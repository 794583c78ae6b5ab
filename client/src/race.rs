//! The same questions asked in three ways, one after the other, so that none disturbs another.

use std::io;
use std::time::Instant;

use futures_util::future::join_all;
use launcelot_measure::{Order, Run, clock};
use serde::Serialize;

use crate::ask::{AskError, Plan, ask_since};

/// What came of the three ways. A way that was not begun, because one before it had failed, has no runs.
#[derive(Debug, Default, Serialize)]
pub struct RaceResult {
    /// Each question waits for the answer before it: one run.
    pub one_at_a_time: Vec<Run>,
    /// All questions leave at once: one run.
    pub sent_ahead: Vec<Run>,
    /// Each question has a connection of its own, and all are begun at once: as many runs as questions.
    pub at_once: Vec<Run>,
}

/// Asks the questions of `plan` in each way; its order does not matter. The first way that fails is the last one, and says
/// why; what had come before is kept.
pub async fn race(plan: &Plan) -> (RaceResult, Result<(), AskError>) {
    let mut raced = RaceResult::default();
    let result = run_into(plan, &mut raced).await;
    (raced, result)
}

async fn run_into(plan: &Plan, raced: &mut RaceResult) -> Result<(), AskError> {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let run = async |plan: Plan, began: Instant| {
        let (account, result) = ask_since(&plan, began, step, |_| io::Result::Ok(())).await;
        (account.run, result)
    };
    let (one, result) = run(Plan { order: Order::OneAtATime, ..plan.clone() }, Instant::now()).await;
    raced.one_at_a_time.push(one);
    result?;
    let (one, result) = run(Plan { order: Order::SentAhead, ..plan.clone() }, Instant::now()).await;
    raced.sent_ahead.push(one);
    result?;
    let began = Instant::now();
    let single = plan.questions.iter().map(|question| Plan { questions: vec![question.clone()], ..plan.clone() });
    let (runs, results): (_, Vec<_>) = join_all(single.map(|plan| run(plan, began))).await.into_iter().unzip();
    raced.at_once = runs;
    results.into_iter().collect()
}

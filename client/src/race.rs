//! The same questions asked in three ways, one after the other, so that none disturbs another.

use std::io;
use std::time::Instant;

use futures_util::future::join_all;
use launcelot_measure::{Order, Run, clock};

use crate::ask::{AskError, Plan, ask_since};

/// What came of the three ways.
#[derive(Debug)]
pub struct Raced {
    /// Each question waits for the answer before it.
    pub one_at_a_time: Run,
    /// All questions leave at once.
    pub sent_ahead: Run,
    /// Each question has a connection of its own, and all are begun at once.
    pub at_once: Vec<Run>,
}

/// Asks the questions of `plan` in each way; its order does not matter.
///
/// # Errors
///
/// See [`AskError`]. What a way that fails had brought is lost with it.
pub async fn race(plan: &Plan) -> Result<Raced, AskError> {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let run = async |plan: Plan, began: Instant| -> Result<Run, AskError> {
        let (account, result) = ask_since(&plan, began, step, |_| io::Result::Ok(())).await;
        result.map(|()| account.run)
    };
    let one_at_a_time = run(Plan { order: Order::OneAtATime, ..plan.clone() }, Instant::now()).await?;
    let sent_ahead = run(Plan { order: Order::SentAhead, ..plan.clone() }, Instant::now()).await?;
    let began = Instant::now();
    let single = plan.questions.iter().map(|question| Plan { questions: vec![question.clone()], ..plan.clone() });
    let at_once = join_all(single.map(|plan| run(plan, began))).await;
    Ok(Raced { one_at_a_time, sent_ahead, at_once: at_once.into_iter().collect::<Result<_, _>>()? })
}

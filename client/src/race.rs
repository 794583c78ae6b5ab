//! The same questions asked in three ways that take turns, one after the other, so that none disturbs another.

use std::io;
use std::time::Instant;

use futures_util::future::join_all;
use launcelot_measure::race::has_another_turn;
use launcelot_measure::{Order, Run, Turn, Way, clock};
use serde::Serialize;

use crate::ask::{Account, AskError, DialogueConfig, ask_since};
use crate::lab::{self, LabError};
use crate::target::Target;

/// What came of the three ways in each turn.
#[derive(Debug, Default, Serialize)]
pub struct RaceResult {
    /// The first turn. A way that was not begun, because one before it had failed, has no runs.
    #[serde(flatten)]
    pub first: Turn<Run>,
    /// The turns after it, as many as fit into five seconds, but at most four.
    pub more_turns: Vec<Turn<Run>>,
    /// Why the lab could not tell the handshakes of an emulated link, if it was asked for them.
    #[serde(skip)]
    pub lab_error: Option<LabError>,
}

impl RaceResult {
    /// All turns.
    pub fn turns(&self) -> impl Iterator<Item = &Turn<Run>> {
        std::iter::once(&self.first).chain(&self.more_turns)
    }
}

/// Asks the questions of `plan` in each way; its order does not matter. The first way that fails is the last one, and says
/// why; what had come before is kept.
///
/// A `lab` whose tunnel the questions went through tells afterwards how long each connection's handshake was, which is then
/// attributed to connecting. Behind a bridge, connecting contains the handshake already.
pub async fn race(plan: &DialogueConfig, lab: Option<&(String, u16)>) -> (RaceResult, Result<(), AskError>) {
    let mut turns = Vec::new();
    let began = Instant::now();
    let mut result = Ok(());
    while result.is_ok() && has_another_turn(turns.len(), began.elapsed()) {
        let mut accounts = Turn::default();
        result = run_turn(plan, turns.len(), &mut accounts).await;
        turns.push(accounts);
    }
    let mut lab_error = None;
    if lab.is_some() && matches!(plan.target, Target::Tcp { .. }) {
        // Only now, so that it delays none of the runs.
        lab_error = attribute_handshakes(plan, lab, &mut turns).await.err();
    }
    let mut turns = turns.into_iter().map(|accounts| accounts.map(|account| account.run));
    let first = turns.next().unwrap_or_default();
    (RaceResult { first, more_turns: turns.collect(), lab_error }, result)
}

async fn run_turn(plan: &DialogueConfig, turn: usize, accounts: &mut Turn<Account>) -> Result<(), AskError> {
    for way in Way::in_turn(turn) {
        let plans = match way {
            Way::OneAtATime => vec![DialogueConfig { order: Order::OneAtATime, ..plan.clone() }],
            Way::SentAhead => vec![DialogueConfig { order: Order::SentAhead, ..plan.clone() }],
            Way::AtOnce => plan
                .questions
                .iter()
                .map(|question| DialogueConfig { questions: vec![question.clone()], ..plan.clone() })
                .collect(),
        };
        let result;
        (*accounts.of_mut(way), result) = run_at_once(&plans).await;
        result?;
    }
    Ok(())
}

/// Begins all plans at the same reading.
async fn run_at_once(plans: &[DialogueConfig]) -> (Vec<Account>, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let began = Instant::now();
    let asked =
        join_all(plans.iter().map(async |plan| ask_since(plan, began, step, |_| io::Result::Ok(())).await)).await;
    let (accounts, results): (_, Vec<_>) = asked.into_iter().unzip();
    (accounts, results.into_iter().collect())
}

/// Moves the handshake of each connection to connecting: of all of them, or of none if the lab does not know one of them,
/// because ways with and without it could not be compared.
async fn attribute_handshakes(
    plan: &DialogueConfig,
    lab: Option<&(String, u16)>,
    turns: &mut [Turn<Account>],
) -> Result<(), LabError> {
    let connected = turns.iter_mut().flat_map(Turn::all_mut).filter(|account| account.local.is_some());
    let mut traced = Vec::new();
    for account in connected {
        let trace = lab::seen(&plan.target, lab, "", account.local, plan.timeout).await?;
        traced.push((account, trace));
    }
    for (account, lab_trace) in traced {
        if let Some(handshake) = lab_trace.handshake {
            account.run.attribute_handshake(&lab_trace.trace, handshake);
        }
    }
    Ok(())
}

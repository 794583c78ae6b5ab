//! A race: the same questions asked in three ways, one after another in several turns, so that no way disturbs another.

use std::time::Instant;

use futures_util::future::join_all;
use launcelot_measure::race::has_another_turn;
use launcelot_measure::{Order, Run, Turn, Way, clock};
use serde::Serialize;

use crate::ask::{AskError, DialogueConfig, DialogueRecord, ask_since};
use crate::lab::{self, LabError};
use crate::target::Target;

/// The runs of each way in each turn.
#[derive(Debug, Default, Serialize)]
pub struct RaceResult {
    /// The first turn. The ways after one that failed have no runs.
    #[serde(flatten)]
    pub first: Turn<Run>,
    /// The further turns: as many as fit into five seconds, at most four.
    pub more_turns: Vec<Turn<Run>>,
    /// Why the lab did not report the handshakes of an emulated link, if it was asked for them.
    #[serde(skip)]
    pub lab_error: Option<LabError>,
}

impl RaceResult {
    /// Returns all turns.
    pub fn turns(&self) -> impl Iterator<Item = &Turn<Run>> {
        std::iter::once(&self.first).chain(&self.more_turns)
    }

    /// Returns the runs of all turns.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.turns().flat_map(|turn| Way::ALL.into_iter().flat_map(|way| turn.of(way)))
    }
}

/// Asks the questions of `config` in each way; `config.order` is ignored. The race ends with the first way that fails;
/// the earlier runs are returned.
///
/// After a race over TCP, `lab` is asked how long the emulated handshake of each connection through its tunnel took,
/// and that time is attributed to connecting. Behind a bridge, connecting already contains the handshake.
pub async fn race(config: &DialogueConfig, lab: Option<&(String, u16)>) -> (RaceResult, Result<(), AskError>) {
    let mut turns = Vec::new();
    let began = Instant::now();
    let mut result = Ok(());
    while result.is_ok() && has_another_turn(turns.len(), began.elapsed()) {
        let mut records = Turn::default();
        result = run_turn(config, turns.len(), &mut records).await;
        turns.push(records);
    }
    let mut lab_error = None;
    if lab.is_some() && matches!(config.target, Target::Tcp { .. }) {
        // After all runs, so that it delays none of them.
        lab_error = attribute_handshakes(config, lab, &mut turns).await.err();
    }
    let mut turns = turns.into_iter().map(|records| records.map(|record| record.run));
    let first = turns.next().unwrap_or_default();
    (RaceResult { first, more_turns: turns.collect(), lab_error }, result)
}

async fn run_turn(config: &DialogueConfig, turn: usize, records: &mut Turn<DialogueRecord>) -> Result<(), AskError> {
    for way in Way::in_turn(turn) {
        let configs = match way {
            Way::OneAtATime => vec![DialogueConfig { order: Order::OneAtATime, ..config.clone() }],
            Way::SentAhead => vec![DialogueConfig { order: Order::SentAhead, ..config.clone() }],
            Way::AtOnce => config
                .questions
                .iter()
                .map(|question| DialogueConfig { questions: vec![question.clone()], ..config.clone() })
                .collect(),
        };
        let (of_way, result) = run_at_once(&configs).await;
        *records.of_mut(way) = of_way;
        result?;
    }
    Ok(())
}

/// Runs all dialogues at the same time, with times counted from the same moment.
async fn run_at_once(configs: &[DialogueConfig]) -> (Vec<DialogueRecord>, Result<(), AskError>) {
    let epoch = Instant::now();
    let step = clock::smallest_step(|| epoch.elapsed()).unwrap_or_default();
    let began = Instant::now();
    let asked = join_all(configs.iter().map(async |config| ask_since(config, began, step, |_| ()).await)).await;
    let (records, results): (_, Vec<_>) = asked.into_iter().unzip();
    (records, results.into_iter().collect())
}

/// Moves the emulated handshake of each connection from its first question to connecting. If the lab has no trace of
/// one of the connections, moves none: ways with and without a handshake in connecting cannot be compared.
async fn attribute_handshakes(
    config: &DialogueConfig,
    lab: Option<&(String, u16)>,
    turns: &mut [Turn<DialogueRecord>],
) -> Result<(), LabError> {
    let connected = turns.iter_mut().flat_map(Turn::all_mut).filter(|record| record.local.is_some());
    let mut traced = Vec::new();
    for record in connected {
        let trace = lab::fetch_trace(&config.target, lab, "", record.local, config.timeout).await?;
        traced.push((record, trace));
    }
    for (record, lab_trace) in traced {
        if let Some(handshake) = lab_trace.handshake {
            record.run.attribute_handshake(&lab_trace.trace, handshake);
        }
    }
    Ok(())
}

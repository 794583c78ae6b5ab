//! What the model predicts of the servers of a result, beside what was measured.
//!
//! The model takes the link's configured delay from the plan. What it takes from the server, it takes from a single client on a direct
//! connection in the same run, which never waits for another: through a link that is the direct measurement before the first round,
//! without one the cycles with one client. Nothing is fitted to the cycles that are predicted.

use std::time::Duration;

use super::counts::Counts;
use super::model::{self, ModelInputs, Processors, ServedAtOnce, deviation_percent, served_at_once};
use super::plan::{Level, LoadMode, LoadPlan};
use super::result::{CycleEnd, CycleResult, LoadResult};
use super::summary::LoadSummary;
use crate::percentile::Percentile;

/// The prediction for a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// How many clients the server serves at once by its design.
    pub served_at_once: ServedAtOnce,
    /// What the model takes from the run.
    pub inputs: ModelInputs,
    /// The rates at the levels that were measured, the lowest level first.
    pub rates: Vec<PredictedRate>,
}

/// The predicted rate at a level, and the measured one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictedRate {
    /// The level.
    pub level: Level,
    /// Dialogues per second by the model.
    pub predicted: f64,
    /// Dialogues per second: the median of the rounds.
    pub measured: f64,
}

/// A server, and the prediction for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerPrediction {
    /// The name of the server.
    pub name: String,
    /// The prediction, or why there is none.
    pub prediction: Result<Prediction, NoPrediction>,
}

/// The reason why a server has no prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPrediction {
    /// The result is that of several load generators, and the model knows the clients of one.
    Merged,
    /// In an open loop the plan sets the rate.
    OpenLoop,
    /// How many clients the server serves at once is not known.
    UnknownDesign,
    /// The server answered nothing to a single client on a direct connection, or was not asked by one.
    NotMeasured,
}

impl Prediction {
    /// Predicts the rates of the server at `index` in the plan.
    ///
    /// # Errors
    ///
    /// See [`NoPrediction`].
    pub fn of(result: &LoadResult, summary: &LoadSummary, index: usize) -> Result<Self, NoPrediction> {
        if result.provenance.len() > 1 {
            return Err(NoPrediction::Merged);
        }
        let LoadMode::Closed { .. } = result.plan.mode else { return Err(NoPrediction::OpenLoop) };
        let server = result.plan.servers.get(index).ok_or(NoPrediction::UnknownDesign)?;
        let served_at_once = served_at_once(&server.kind).ok_or(NoPrediction::UnknownDesign)?;
        let inputs = inputs(result, index).ok_or(NoPrediction::NotMeasured)?;
        let mut rates = Vec::new();
        for cell in summary.servers.get(index).map_or(&[][..], |server| &server.cells) {
            let Some(measured) = cell.dialogues_per_s else { continue };
            let Some(predicted) = model::predict(&result.plan, index, cell.level, &inputs) else { continue };
            rates.push(PredictedRate { level: cell.level, predicted, measured: measured.median });
        }
        rates.sort_by_key(|rate| rate.level);
        Ok(Self { served_at_once, inputs, rates })
    }

    /// Returns the predicted rate at a level.
    pub fn at(&self, level: Level) -> Option<&PredictedRate> {
        self.rates.iter().find(|rate| rate.level == level)
    }
}

impl PredictedRate {
    /// Returns how far the measurement lies from the prediction, in percent: positive if it is higher.
    pub fn deviation_percent(&self) -> f64 {
        deviation_percent(self.measured, self.predicted)
    }
}

impl ServerPrediction {
    /// Returns the predicted rate at a level.
    pub fn at(&self, level: Level) -> Option<&PredictedRate> {
        self.prediction.as_ref().ok()?.at(level)
    }
}

/// Whether the model takes its inputs from a cycle: it predicts the same from a result that has no other cycles.
pub fn is_input(plan: &LoadPlan, cycle: &CycleResult) -> bool {
    plan.link.is_none() && cycle.cycle.level == Level::Clients(1)
}

/// Returns the predictions for all servers of a result, in the order of the plan.
pub fn of_servers(result: &LoadResult, summary: &LoadSummary) -> Vec<ServerPrediction> {
    let mut predictions = Vec::new();
    for (index, server) in result.plan.servers.iter().enumerate() {
        let prediction = Prediction::of(result, summary, index);
        predictions.push(ServerPrediction { name: server.name.clone(), prediction });
    }
    predictions
}

/// What a single client on a direct connection found.
#[derive(Default)]
struct DirectClient {
    counts: Counts,
    /// The processor time of the server and the load generator.
    processor: Duration,
    is_processor_unknown: bool,
}

impl DirectClient {
    fn of(result: &LoadResult, index: usize) -> Self {
        let mut client = Self::default();
        if result.plan.link.is_some() {
            for direct in result.direct.iter().filter(|direct| direct.server as usize == index) {
                client.add(&direct.counts, &direct.end);
            }
            return client;
        }
        for measured in result.cycles.iter().filter(|cycle| is_input(&result.plan, cycle)) {
            let Some(end) = &measured.end else { continue };
            if measured.cycle.server as usize == index {
                client.add(&measured.counts, end);
            }
        }
        client
    }

    fn add(&mut self, counts: &Counts, end: &CycleEnd) {
        self.counts.merge(counts);
        match &end.server {
            Some(server) => self.processor += server.processor + end.generator.processor,
            None => self.is_processor_unknown = true,
        }
    }

    /// Returns the processors that server and load generator share, and what a dialogue costs both of them.
    fn processors(&self, result: &LoadResult) -> Option<Processors> {
        // Several machines do not share their processors.
        let [provenance] = result.provenance.as_slice() else { return None };
        let dialogues = u32::try_from(self.counts.dialogues).ok().filter(|dialogues| *dialogues > 0)?;
        let per_dialogue = self.processor / dialogues;
        (!self.is_processor_unknown).then_some(Processors { number: provenance.processors, per_dialogue })
    }
}

fn inputs(result: &LoadResult, index: usize) -> Option<ModelInputs> {
    let client = DirectClient::of(result, index);
    let direct_question = client.counts.question_latency.percentile(Percentile::P50)?;
    // On connections that are kept alive only the first dialogue has a connect.
    let first_answer = client.counts.first_answer_latency.percentile(Percentile::P50).unwrap_or_default();
    let direct_connect = first_answer.saturating_sub(direct_question);
    Some(ModelInputs { direct_question, direct_connect, processors: client.processors(result) })
}

#[cfg(test)]
mod tests {
    use super::super::direct::DirectMeasurement;
    use super::super::fixtures::{cycle, result};
    use super::super::plan::{Arrivals, RatedUnit, ServerKind};
    use super::*;
    use crate::LinkSettings;

    fn of(result: &LoadResult, index: usize) -> Result<Prediction, NoPrediction> {
        Prediction::of(result, &LoadSummary::of(result), index)
    }

    /// A run through a link of 9 ms, whose cycles say nothing of a direct question.
    fn through_link() -> LoadResult {
        let mut result = result(&["threads"], &[1, 5], [cycle(0, 1, 0, 10), cycle(0, 5, 0, 80)]);
        result.plan.link = Some(LinkSettings { rtt: Duration::from_millis(9), ..LinkSettings::default() });
        result
    }

    /// A question took 1 ms, and connecting another one.
    fn direct() -> DirectMeasurement {
        let CycleResult { counts, end, .. } = cycle(0, 1, 0, 50);
        DirectMeasurement { server: 0, counts, end: end.unwrap() }
    }

    #[test]
    fn through_a_link_the_model_takes_the_direct_measurement_and_nothing_else() {
        let mut result = through_link();
        assert_eq!(of(&result, 0), Err(NoPrediction::NotMeasured), "a cycle with one client is not direct");
        result.direct.push(direct());
        let prediction = of(&result, 0).unwrap();
        assert_eq!(prediction.inputs.direct_question.as_micros(), 1_000);
        assert_eq!(prediction.inputs.direct_connect.as_micros(), 1_000);
        // Ten questions of 10 ms after 1 ms: 101 ms.
        let rate = prediction.at(Level::Clients(5)).unwrap();
        assert!((rate.predicted - 5.0 / 0.101).abs() < 0.5 && rate.measured == 40.0, "{rate:?}");
        assert!((rate.deviation_percent() + 19.2).abs() < 0.5, "{rate:?}");
    }

    #[test]
    fn a_direct_measurement_changes_neither_tables_nor_comparisons() {
        let without = through_link();
        let mut with = without.clone();
        with.direct.push(direct());
        assert_eq!(LoadSummary::of(&with), LoadSummary::of(&without));
    }

    #[test]
    fn without_a_link_the_cycles_with_one_client_are_the_direct_measurement() {
        let result = result(&["threads"], &[1, 5], [cycle(0, 1, 0, 50), cycle(0, 5, 0, 80)]);
        let prediction = of(&result, 0).unwrap();
        assert_eq!(prediction.inputs.direct_question.as_micros(), 1_000);
        assert_eq!(prediction.rates.len(), 2);
        // 1 s of the load generator and 5 ms of the server for 50 dialogues.
        assert_eq!(prediction.inputs.processors.unwrap().per_dialogue.as_micros(), 20_100);
    }

    #[test]
    fn an_unknown_server_an_open_loop_and_a_server_that_did_not_answer_have_no_prediction() {
        let mut unknown = through_link();
        unknown.direct.push(direct());
        unknown.plan.servers[0].kind = ServerKind::Command { command: "mine {port}".to_owned() };
        assert_eq!(of(&unknown, 0), Err(NoPrediction::UnknownDesign));
        let mut open = through_link();
        open.plan.mode =
            LoadMode::Open { rates: vec![5], arrivals: Arrivals::Poisson, per: RatedUnit::Dialogue, max_in_flight: 10 };
        assert_eq!(of(&open, 0), Err(NoPrediction::OpenLoop));
        let unmeasured = result(&["threads"], &[5], [cycle(0, 5, 0, 80)]);
        assert_eq!(of(&unmeasured, 0), Err(NoPrediction::NotMeasured));
    }
}

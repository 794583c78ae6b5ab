//! What the model predicts of a server, from its cycles with a single client.
//!
//! A single client never waits for another, so its medians are those of a direct question and of a connection. The further levels are
//! predicted and not fitted. Without a cycle of a single client there is no prediction.

use std::time::Duration;

use launcelot_measure::load::model::{ModelInputs, Processors, predict};
use launcelot_measure::load::{Cell, Level, LoadResult, LoadSummary};
use launcelot_measure::percentile::Percentile;

/// What the model knows of the server at `index`; `None` without a cycle of a single client.
pub fn inputs(result: &LoadResult, summary: &LoadSummary, index: usize) -> Option<ModelInputs> {
    let cell = summary.servers.get(index)?.cell(Level::Clients(1))?;
    let question = cell.counts.question_latency.percentile(Percentile::P50)?;
    let first_answer = cell.counts.first_answer_latency.percentile(Percentile::P50)?;
    let round_trip = result.plan.link.map(|link| link.rtt).unwrap_or_default();
    Some(ModelInputs {
        direct_question: question.saturating_sub(round_trip),
        connect: first_answer.saturating_sub(question),
        processors: processors(result, index, cell),
    })
}

/// Returns the dialogues per second of the server at `index` at a level, as the model predicts them.
pub fn dialogues_per_s(result: &LoadResult, index: usize, level: Level, inputs: Option<&ModelInputs>) -> Option<f64> {
    predict(&result.plan, index, level, inputs?)
}

/// Returns the processors that server and load generator share, and what a dialogue costs both of them.
fn processors(result: &LoadResult, index: usize, cell: &Cell) -> Option<Processors> {
    let [provenance] = result.provenance.as_slice() else { return None };
    let mut used = Duration::ZERO;
    let of_cell = result.cycles.iter().filter(|it| it.cycle.server as usize == index && it.cycle.level == cell.level);
    for end in of_cell.filter_map(|cycle| cycle.end.as_ref()) {
        used += end.server.as_ref()?.processor + end.generator.processor;
    }
    let dialogues = u32::try_from(cell.counts.dialogues).ok().filter(|dialogues| *dialogues > 0)?;
    Some(Processors { number: provenance.processors, per_dialogue: used / dialogues })
}

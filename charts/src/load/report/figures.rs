//! What all reports on a load read from a summary in the same way.

use launcelot_measure::load::{Cell, LoadMode, LoadResult, RatedUnit, ServerSummary};

/// What stands where a figure is not known.
pub const UNKNOWN: &str = "–";

/// Returns what the levels of a result count, with its unit. After a merge, each of several load generators had that many.
pub fn level_unit(result: &LoadResult) -> &'static str {
    match (&result.plan.mode, result.provenance.len() > 1) {
        (LoadMode::Closed { .. }, false) => "clients",
        (LoadMode::Closed { .. }, true) => "clients per load generator",
        (LoadMode::Open { per: RatedUnit::Dialogue, .. }, false) => "dialogues due per second",
        (LoadMode::Open { per: RatedUnit::Dialogue, .. }, true) => "dialogues due per second and load generator",
        (LoadMode::Open { per: RatedUnit::Question, .. }, false) => "questions due per second",
        (LoadMode::Open { per: RatedUnit::Question, .. }, true) => "questions due per second and load generator",
    }
}

/// Returns the cells of a server that were measured, the lowest level first.
pub fn measured(server: &ServerSummary) -> Vec<&Cell> {
    let is_measured = |cell: &&Cell| !cell.rounds.is_empty() || !cell.server_ended.is_empty();
    let mut cells: Vec<&Cell> = server.cells.iter().filter(is_measured).collect();
    cells.sort_by_key(|cell| cell.level);
    cells
}

/// Whether dialogues failed, or the server ended.
pub fn has_failures(cell: &Cell) -> bool {
    cell.counts.failures.count() > 0 || !cell.server_ended.is_empty()
}

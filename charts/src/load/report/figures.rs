//! What all reports on a load read from a summary in the same way.

use launcelot_measure::load::{Cell, LoadMode, RatedUnit, ServerSummary};

/// What stands where a figure is not known.
pub const UNKNOWN: &str = "–";

/// Returns what the levels of a plan count, with its unit.
pub fn level_unit(mode: &LoadMode) -> &'static str {
    match mode {
        LoadMode::Closed { .. } => "clients",
        LoadMode::Open { per: RatedUnit::Dialogue, .. } => "dialogues due per second",
        LoadMode::Open { per: RatedUnit::Question, .. } => "questions due per second",
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

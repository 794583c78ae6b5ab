//! The single runs that the page keeps.

use launcelot_measure::Run;

use super::ids::RunId;
use super::run_record::RunRecord;
use crate::shared::Shared;

/// The largest number of runs that are kept; then the oldest is removed.
pub const RUNS_MAX: usize = 50;

/// The runs, the newest last. The newest is the one in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    all: Vec<Shared<RunRecord>>,
    /// The runs that are compared with the newest.
    compared: Vec<RunId>,
    last_number: u32,
}

impl Runs {
    /// Returns the newest run.
    pub fn newest(&self) -> Option<&Shared<RunRecord>> {
        self.all.last()
    }

    /// Returns all runs, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Shared<RunRecord>> + ExactSizeIterator {
        self.all.iter()
    }

    /// Returns the runs before the newest, the oldest first.
    pub fn earlier(&self) -> Vec<Shared<RunRecord>> {
        let earlier = self.all.len().saturating_sub(1);
        self.all[..earlier].to_vec()
    }

    /// Returns the runs that are compared with the newest, the oldest first.
    pub fn compared(&self) -> Vec<Shared<RunRecord>> {
        let mut compared = self.earlier();
        compared.retain(|record| self.compared.contains(&record.id));
        compared
    }

    /// Whether the newest run is not over.
    pub fn are_active(&self) -> bool {
        self.newest().is_some_and(|newest| newest.is_active())
    }

    /// Returns the number of further runs for which there is room.
    pub fn room(&self) -> usize {
        RUNS_MAX.saturating_sub(self.all.len())
    }

    /// Returns the number of the next run, for people.
    pub(super) fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }

    /// Adds a run that begins.
    pub(super) fn begin(&mut self, begun: RunRecord) {
        self.all.push(Shared::new(begun));
        if self.all.len() > RUNS_MAX {
            let oldest = self.all.remove(0);
            self.compared.retain(|compared| *compared != oldest.id);
        }
    }

    /// Puts runs among the earlier ones: if the newest began on this page, it stays the newest.
    pub(super) fn import(&mut self, imported: impl IntoIterator<Item = RunRecord>) {
        let own = self.all.pop_if(|newest| !newest.is_imported);
        self.all.extend(imported.into_iter().map(Shared::new));
        self.all.extend(own);
    }

    /// Puts runs of earlier visits before all others, as far as there is room.
    pub(super) fn restore(&mut self, mut earlier: Vec<RunRecord>) {
        earlier.drain(..earlier.len().saturating_sub(self.room()));
        self.continue_from(earlier.last().map_or(0, |last| last.number));
        self.all.splice(0..0, earlier.into_iter().map(Shared::new));
    }

    /// The next run has a larger number than this.
    pub(super) fn continue_from(&mut self, number: u32) {
        self.last_number = self.last_number.max(number);
    }

    /// Compares a run with the newest, or stops comparing it.
    pub(super) fn toggle_compared(&mut self, id: RunId) {
        match self.compared.iter().position(|compared| *compared == id) {
            Some(index) => _ = self.compared.swap_remove(index),
            None => self.compared.push(id),
        }
    }

    /// Removes a run that is before the newest.
    pub(super) fn remove(&mut self, id: RunId) {
        let newest = self.all.pop();
        self.all.retain(|record| record.id != id);
        self.all.extend(newest);
        self.compared.retain(|compared| *compared != id);
    }

    /// Removes all runs.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.compared.clear();
    }

    /// Returns the run with this identity, unless it is over: a late message changes nothing.
    pub(super) fn active(&self, id: RunId) -> Option<&Run> {
        self.newest().filter(|newest| newest.id == id && newest.is_active()).map(|newest| &newest.run)
    }

    /// Returns the newest run to be changed.
    pub(super) fn newest_mut(&mut self) -> Option<&mut RunRecord> {
        self.all.last_mut().map(Shared::make_mut)
    }

    /// Returns all runs to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Shared<RunRecord>> {
        self.all.iter_mut()
    }
}

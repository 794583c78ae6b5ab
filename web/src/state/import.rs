//! What is imported from files: how much of it there is room for, and where it goes.

use launcelot_measure::Rounds;
use launcelot_measure::export::Document;

use super::State;
use super::ids::EntryId;
use super::race::Race;
use super::rounds::StoredRounds;
use super::run_record::RunRecord;
use crate::shared::Shared;

/// The largest number of races that can be imported.
pub const RACES_MAX: usize = 4;

/// The end of the name of an imported series.
const IMPORTED: &str = " (imported)";

/// How much can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs.
    pub runs: usize,
    /// Races.
    pub races: usize,
    /// Series of rounds.
    pub rounds: usize,
}

impl Room {
    /// Removes from a document what there is no room for, the oldest first. Returns the number of things removed.
    pub fn fit(self, document: &mut Document) -> usize {
        let count = |document: &Document| document.runs.len() + document.races.len() + document.rounds.len();
        let before = count(document);
        document.runs.drain(..document.runs.len().saturating_sub(self.runs));
        document.races.drain(..document.races.len().saturating_sub(self.races));
        document.rounds.drain(..document.rounds.len().saturating_sub(self.rounds));
        before - count(document)
    }
}

/// Returns the newest of `all`, as many as there is room for.
fn newest<T>(all: &[T], room: usize) -> &[T] {
    &all[all.len().saturating_sub(room)..]
}

impl State {
    /// Returns how much can be imported without anything else being removed.
    pub fn room(&self) -> Room {
        Room {
            runs: self.runs.room(),
            races: RACES_MAX.saturating_sub(self.other_races.len()),
            rounds: self.rounds.room(),
        }
    }

    /// Puts the runs of a document among the earlier ones, its races below the race, and its series of rounds among the others, as
    /// far as there is room: something may have begun since the document was made to fit.
    pub(super) fn import(&mut self, document: &Document) {
        let room = self.room();
        let mut runs = Vec::new();
        for recorded in newest(&document.runs, room.runs) {
            let (id, number) = (self.next_run(), self.runs.make_mut().next_number());
            let entry = EntryId { position: number, page: self.page, number: id.0 };
            runs.push(RunRecord { entry, ..RunRecord::imported(id, number, recorded) });
        }
        self.runs.change(|all| all.import(runs));
        for race in newest(&document.races, room.races) {
            let entry = self.next_race();
            let race = Race::imported(race, entry, &mut || self.next_run());
            self.other_races.push(Shared::new(race));
        }
        let mut series = Vec::new();
        for rounds in newest(&document.rounds, room.rounds) {
            // A series that was exported after an import has this in its name already.
            let name = [rounds.name.strip_suffix(IMPORTED).unwrap_or(&rounds.name), IMPORTED].concat();
            let rounds = Shared::new(Rounds { name, ..rounds.clone() });
            series.push(StoredRounds { id: self.next_rounds(), rounds, is_imported: true });
        }
        self.rounds.change(|rounds| rounds.import(series));
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use launcelot_measure::export::{self, RecordedRun};
    use launcelot_measure::{Connections, Order, Round, RoundsPlan, Run, RunStatus, Trace};
    use yew::Reducible;

    use super::*;
    use crate::message::Clock;
    use crate::state::Action;
    use crate::state::rounds::{self, KEPT_MAX};
    use crate::state::run_record::Legs;
    use crate::state::runs::RUNS_MAX;
    use crate::state::test_state::{ask, complete, connected, ready, ready_after};
    use crate::text;

    fn numbers(state: &State) -> Vec<u32> {
        state.runs.iter().map(|record| record.number).collect()
    }

    #[test]
    fn imported_runs_are_earlier_ones_unless_there_are_none() {
        let mut run = Run::new("ws://elsewhere/ws".to_owned(), Order::SentAhead, Duration::ZERO, []);
        run.status = RunStatus::Complete;
        let recorded = |number| RecordedRun {
            trace: Some(Trace::default()),
            cores: Some(8),
            ..RecordedRun::new(number, run.clone())
        };
        let document = Rc::new(Document { runs: vec![recorded(1), recorded(2)], ..Document::default() });
        let imported = || Action::Imported(document.clone());
        let state = ready_after([ask(), imported(), connected(1)]);
        assert_eq!(numbers(&state), [2, 3, 1]);
        assert!(state.runs.newest().unwrap().run.connecting.is_some());
        assert_eq!(state.runs.iter().map(|record| record.is_imported).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(numbers(&ready_after([imported(), imported()])), [1, 2, 3, 4], "what is imported last is drawn");
        let state = ready_after([imported(), ask()]);
        assert_eq!(numbers(&state), [1, 2, 3]);
        assert_eq!(state.runs.iter().nth(1).unwrap().legs, Legs::Known(Trace::default()));
    }

    #[test]
    fn an_imported_series_is_named_if_a_person_named_it_also_when_it_is_exported_again() {
        let plan = RoundsPlan::new(10, Connections::One, None);
        let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
        let series = |name: &str, is_named| Rounds {
            is_named,
            answered: vec![Round::default(); 11],
            status: RunStatus::Complete,
            ..rounds::begun(name.to_owned(), "ws://b/ws".to_owned(), plan, clock)
        };
        let automatic = text::rounds::name(&plan, "direct");
        let cases = [
            ("Tuesday", Some(true), true),
            ("Tuesday", Some(false), false),
            ("Tuesday", None, true),
            (&*automatic, Some(true), true),
            (&*automatic, None, false),
        ];
        let document = Document {
            rounds: cases.map(|(name, is_named, _)| series(name, is_named)).to_vec(),
            ..Document::default()
        };
        let state = ready_after([Action::Imported(Rc::new(document))]);
        let named: Vec<bool> = state.rounds.kept.iter().map(StoredRounds::is_named).collect();
        assert_eq!(named, cases.map(|(.., expected)| expected));
        let exported: Vec<_> = state.document().rounds.iter().map(|rounds| rounds.is_named).collect();
        assert_eq!(exported, cases.map(|(_, is_named, _)| is_named), "an export says it again");
    }

    #[test]
    fn two_imports_that_each_fit_alone_stay_within_the_bounds() {
        let recorded =
            |number| RecordedRun::new(number, Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []));
        let race = export::RecordedRace { one_at_a_time: vec![recorded(1)], ..export::RecordedRace::default() };
        let document =
            Rc::new(Document { runs: (1..=40).map(recorded).collect(), races: vec![race; 3], ..Document::default() });
        let state = ready_after([Action::Imported(document.clone()), Action::Imported(document)]);
        assert_eq!((state.runs.iter().count(), state.other_races.len()), (RUNS_MAX, RACES_MAX));
    }

    #[test]
    fn a_question_is_as_long_in_files_as_in_the_protocol() {
        assert_eq!(export::bounds::QUESTION_MAX_BYTES, launcelot_protocol::exchange::QUESTION_MAX_BYTES);
    }

    #[test]
    fn an_import_removes_nothing() {
        let run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []);
        let recorded = |number| RecordedRun::new(number, run.clone());
        let race = export::RecordedRace { one_at_a_time: vec![recorded(1)], ..export::RecordedRace::default() };
        let mut document =
            Document { runs: (1..=60).map(recorded).collect(), races: vec![race; 5], ..Document::default() };
        let state = (1..=20).fold(ready(), |state, run| state.reduce(ask()).reduce(complete(run)));
        assert_eq!(state.room().fit(&mut document), 30 + 1);
        let (runs, races) = (document.runs.clone(), document.races.clone());
        assert_eq!((runs[0].number, runs.len(), races.len()), (31, 30, RACES_MAX));
        let state = state.reduce(Action::Imported(Rc::new(document)));
        assert_eq!(state.runs.iter().count(), RUNS_MAX);
        let own = |number| state.runs.iter().any(|record| record.number == number && !record.is_imported);
        assert!((1..=20).all(own));
        assert_eq!(state.room(), Room { runs: 0, races: 0, rounds: KEPT_MAX });
        assert_eq!(state.other_races.len(), RACES_MAX);
    }
}

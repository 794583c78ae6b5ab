//! The runs and races of earlier visits.

use std::mem;

use launcelot_measure::export::{RecordedRace, RecordedRun};

use super::State;
use super::ids::EntryId;
use super::import::RACES_MAX;
use super::race::Race;
use super::run_record::RunRecord;
use crate::shared::Shared;

/// The runs and races that earlier visits have left in the browser's storage, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// The single runs.
    pub runs: Vec<(EntryId, RecordedRun)>,
    /// The races, also imported ones.
    pub races: Vec<(EntryId, RecordedRace)>,
}

impl State {
    /// Shows runs and races as they were before the page was loaded. What this page has measured meanwhile stays the newest.
    pub(super) fn restore(&mut self, restored: &Restored) {
        let mut runs = Vec::new();
        let mut number = 0;
        for (entry, recorded) in &restored.runs {
            // Two tabs may have given the same number to two runs.
            number = entry.position.max(number + 1);
            runs.push(RunRecord::restored(self.next_run(), number, *entry, recorded));
        }
        self.runs.change(|all| all.restore(runs));
        let has_race = !self.race.url.is_empty();
        for (entry, recorded) in &restored.races {
            let race = Shared::new(Race::restored(recorded, *entry, &mut || self.next_run()));
            // Of several that began here, in several tabs, the last is the one that can be repeated.
            let shown = if race.is_imported() || has_race { race } else { mem::replace(&mut self.race, race) };
            if !shown.url.is_empty() && self.other_races.len() < RACES_MAX {
                self.other_races.push(shown);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use launcelot_measure::{Order, Provenance, Run, RunStatus};

    use super::*;
    use crate::state::Action;
    use crate::state::ids::PageId;
    use crate::state::runs::RUNS_MAX;
    use crate::state::test_state::{after, ask, complete, connected, ready, ready_after};

    fn entry(position: u32) -> EntryId {
        EntryId { position, page: PageId(9), number: position }
    }

    fn recorded(target: &str, is_imported: bool) -> RecordedRun {
        let run = Run::new(target.to_owned(), Order::OneAtATime, Duration::ZERO, []);
        let provenance = Provenance { is_imported, ..Provenance::default() };
        RecordedRun { provenance, ..RecordedRun::new(1, Run { status: RunStatus::Complete, ..run }) }
    }

    fn restored(runs: impl IntoIterator<Item = u32>) -> Action {
        let runs = runs.into_iter().map(|position| (entry(position), recorded("ws://b/ws", false))).collect();
        Action::Restored(Rc::new(Restored { runs, races: Vec::new() }))
    }

    fn numbers(state: &State) -> Vec<u32> {
        state.runs.iter().map(|record| record.number).collect()
    }

    #[test]
    fn runs_of_earlier_visits_are_before_those_of_this_one_and_numbers_go_on() {
        let page = || Rc::new(State::clone(&ready()).continuing(7, 0));
        let state = after(page(), [restored([3, 3, 7]), ask(), complete(4)]);
        assert_eq!(numbers(&state), [3, 4, 7, 8]);
        let state = after(page(), [ask(), restored([3, 7]), connected(1)]);
        assert_eq!(numbers(&state), [3, 7, 8]);
        assert!(state.runs.newest().unwrap().run.connecting.is_some(), "a run that goes on is the newest");
        assert!(state.runs.iter().all(|record| !record.is_imported));
    }

    #[test]
    fn no_more_runs_are_restored_than_there_is_room_for() {
        let state = ready_after([ask(), complete(1), restored(1..=60)]);
        let numbers = numbers(&state);
        assert_eq!((numbers.len(), numbers[0]), (RUNS_MAX, 12));
    }

    #[test]
    fn the_race_of_the_last_visit_is_the_race_unless_another_one_began() {
        let race = |target: &str, is_imported| RecordedRace {
            one_at_a_time: vec![recorded(target, is_imported)],
            ..RecordedRace::default()
        };
        let races = vec![(entry(1), race("a", false)), (entry(2), race("b", true)), (entry(3), race("c", false))];
        let restored = Action::Restored(Rc::new(Restored { runs: Vec::new(), races }));
        let state = ready_after([restored.clone()]);
        assert_eq!((&*state.race.url, state.race.entry, state.other_races.len()), ("c", entry(3), 2));
        let state = ready_after([Action::Raced, restored]);
        assert_eq!((&*state.race.url, state.other_races.len()), ("ws://b/ws", 3));
    }
}

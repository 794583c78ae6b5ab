//! What is brought in files: how much of it there is room for, and where it goes.

use launcelot_measure::export::Document;

use super::race::Race;
use super::rounds::KEPT_MAX;
use super::{Numbered, RUNS_MAX, State};

/// So many races can be brought in files.
pub const RACES_MAX: usize = 4;

/// How many of each there is room for.
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
    /// Leaves out of a document what there is no room for, the oldest first, and says how much that is.
    pub fn fit(self, document: &mut Document) -> usize {
        fn newest<T>(all: &mut Vec<T>, room: usize) -> usize {
            let too_many = all.len().saturating_sub(room);
            all.drain(..too_many);
            too_many
        }
        newest(&mut document.runs, self.runs)
            + newest(&mut document.races, self.races)
            + newest(&mut document.rounds, self.rounds)
    }
}

impl State {
    /// How much can be brought without anything else having to go.
    pub fn room(&self) -> Room {
        Room {
            runs: RUNS_MAX.saturating_sub(self.runs.len()),
            races: RACES_MAX.saturating_sub(self.imported_races.len()),
            rounds: KEPT_MAX.saturating_sub(self.rounds.kept.len()),
        }
    }

    /// Puts the runs of a document among the earlier ones: the newest of one's own stays the one in the table. Its races come
    /// below the race.
    pub(super) fn import(&mut self, number: u32, mut unseen: u32, document: &Document) {
        let own = self.runs.pop_back_if(|newest| !newest.is_imported);
        let brought = (number..).zip(&document.runs);
        self.runs.extend(brought.map(|(number, recorded)| Numbered::imported(number, recorded)));
        self.runs.extend(own);
        for race in &document.races {
            let race = Race::imported(race, unseen);
            unseen += race.raced().count() as u32;
            self.imported_races.push(race);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use launcelot_measure::export::{self, RecordedRun};
    use launcelot_measure::{Order, Run, Step, Trace};
    use launcelot_protocol::Question;
    use yew::Reducible;

    use super::super::{Action, Legs};
    use super::*;
    use crate::message::FromWorker;

    fn after(actions: impl IntoIterator<Item = Action>) -> Rc<State> {
        actions.into_iter().fold(Rc::new(State::default()), Reducible::reduce)
    }

    fn asked(number: u32) -> Action {
        let (url, dialogue, questions) = (String::new(), String::new(), Question::the_three());
        Action::Asked { number, url, order: Order::OneAtATime, questions, dialogue }
    }

    fn connected(run: u32) -> Action {
        Action::Heard(FromWorker::step(run, Step::Connected { at: Duration::from_micros(3) }))
    }

    #[test]
    fn imported_runs_are_earlier_ones_unless_there_are_none() {
        let run = Run::new("ws://elsewhere/ws".to_owned(), Order::SentAhead, Duration::ZERO, []);
        let recorded = |number| RecordedRun {
            trace: Some(Trace::default()),
            cores: Some(8),
            ..RecordedRun::new(number, run.clone())
        };
        let document = Rc::new(Document { runs: vec![recorded(1), recorded(2)], ..Document::default() });
        let imported = |number| Action::Imported { number, unseen: 1_000, document: document.clone() };
        let numbers = |state: &State| state.runs.iter().map(|run| run.number).collect::<Vec<_>>();
        let state = after([asked(1), imported(2), connected(1)]);
        assert_eq!(numbers(&state), [2, 3, 1]);
        assert!(state.newest().unwrap().run.connecting.is_some());
        assert_eq!(state.runs.iter().map(|run| run.is_imported).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(numbers(&after([imported(1), imported(3)])), [1, 2, 3, 4], "what is brought last is drawn");
        let state = after([imported(1), asked(3)]);
        assert_eq!(numbers(&state), [1, 2, 3]);
        assert_eq!(state.runs[1].legs, Legs::Known(Trace::default()));
    }

    #[test]
    fn what_is_brought_takes_the_place_of_nothing() {
        let run = Run::new(String::new(), Order::OneAtATime, Duration::ZERO, []);
        let recorded = |number| RecordedRun::new(number, run.clone());
        let race = export::RecordedRace { one_at_a_time: vec![recorded(1)], ..export::RecordedRace::default() };
        let mut document =
            Document { runs: (1..=60).map(recorded).collect(), races: vec![race; 5], ..Document::default() };
        let state = after((1..=20).map(asked));
        assert_eq!(state.room().fit(&mut document), 30 + 1);
        let (runs, races) = (document.runs.clone(), document.races.clone());
        assert_eq!((runs[0].number, runs.len(), races.len()), (31, 30, RACES_MAX));
        let state = state.reduce(Action::Imported { number: 21, unseen: 1_000, document: Rc::new(document) });
        assert_eq!(state.runs.len(), RUNS_MAX);
        assert!((1..=20).all(|number| state.runs.iter().any(|run| run.number == number && !run.is_imported)));
        assert_eq!(state.room(), Room { runs: 0, races: 0, rounds: KEPT_MAX });
        assert_eq!(state.imported_races.len(), RACES_MAX);
    }
}

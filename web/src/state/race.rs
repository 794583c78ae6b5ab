//! The race of three ways to ask: its heats, one after the other, and the runs of each.

use std::time::Duration;

use launcelot_measure::race::{self, Spread, WayTimes, has_another_turn};
use launcelot_measure::{Ending, Order, Passage, Run, Step, Turn, Way, export};
use launcelot_protocol::EXCHANGES;

use super::{Circumstances, Numbered};
use crate::message::Ask;

/// A part of the race that goes on alone, so that nothing disturbs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heat {
    /// The first connection over a route takes longer than any later one. It is discarded.
    WarmUp,
    /// A way in a turn, turns counted from 0.
    Turn(usize, Way),
}

impl Heat {
    /// The order and the questions of each of its runs, which all begin at the same moment.
    pub fn runs(self) -> Vec<(Order, Vec<String>)> {
        let questions = EXCHANGES.map(|exchange| exchange.question.to_owned());
        match self {
            Self::WarmUp | Self::Turn(_, Way::OneAtATime) => vec![(Order::OneAtATime, questions.into())],
            Self::Turn(_, Way::SentAhead) => vec![(Order::SentAhead, questions.into())],
            Self::Turn(_, Way::AtOnce) => questions.map(|question| (Order::OneAtATime, vec![question])).into(),
        }
    }
}

/// The race as far as it has come. The default is one that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Race {
    /// The bridge, on the route that was chosen when it began; empty before the first race.
    pub url: String,
    /// The heats that have begun, and the runs of each.
    heats: Vec<(Heat, Vec<Numbered>)>,
    /// How many questions of it were a warm-up.
    pub warm_up: u32,
}

/// What can happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The person began it, over the bridge at this URL.
    Begun(String),
    /// The worker has begun the runs of this heat, whose dialogues the lab knows by these names.
    HeatBegun(Heat, Vec<(String, Ask)>),
}

impl Race {
    /// One that was run elsewhere, or before, and came from a file; its runs are numbered from `number` on.
    pub fn imported(race: &export::Race, number: u32) -> Self {
        let mut numbers = number..;
        let mut runs = |recorded: &[export::Recorded]| {
            recorded.iter().zip(&mut numbers).map(|(recorded, number)| Numbered::imported(number, recorded)).collect()
        };
        let heats: Vec<(Heat, Vec<Numbered>)> =
            race.heats().map(|(turn, way, recorded)| (Heat::Turn(turn, way), runs(recorded))).collect();
        let url = heats.iter().flat_map(|(_, runs)| runs).next().map(|numbered| numbered.run.to.clone());
        Self { url: url.unwrap_or_default(), heats, warm_up: race.warm_up }
    }

    /// Whether it came from a file.
    pub fn is_imported(&self) -> bool {
        self.raced().any(|numbered| numbered.is_imported)
    }

    /// How many turns have begun.
    pub fn turns(&self) -> usize {
        let turns = self.heats.iter().map(|(heat, _)| match heat {
            Heat::WarmUp => 0,
            Heat::Turn(turn, _) => turn + 1,
        });
        turns.max().unwrap_or_default()
    }

    fn heat(&self, turn: usize, way: Way) -> &[Numbered] {
        let found = self.heats.iter().find(|(heat, _)| *heat == Heat::Turn(turn, way));
        found.map(|(_, runs)| runs.as_slice()).unwrap_or_default()
    }

    /// The times of a way in all turns; `None` as long as one of them is not complete.
    pub fn times(&self, way: Way) -> Option<WayTimes> {
        let turns = (0..self.turns()).map(|turn| self.heat(turn, way).iter().map(|numbered| &numbered.run).collect());
        WayTimes::of(&turns.collect::<Vec<Vec<&Run>>>())
    }

    /// The turn that is drawn of a way: the one in which asking took the median, or the newest while that is not known.
    fn drawn_turn(&self, way: Way) -> usize {
        let begun = || (0..self.turns()).rev().find(|turn| !self.heat(*turn, way).is_empty());
        self.times(way).map(|times| times.asking.median_turn).or_else(begun).unwrap_or_default()
    }

    /// The runs that are drawn of a way; none if it has not begun.
    pub fn drawn(&self, way: Way) -> &[Numbered] {
        self.heat(self.drawn_turn(way), way)
    }

    /// The runs that are drawn: of which way, how manieth in it from 0, and the run.
    pub fn shown(&self) -> impl Iterator<Item = (Way, usize, &Numbered)> {
        let ways = Way::ALL.into_iter();
        ways.flat_map(|way| self.drawn(way).iter().enumerate().map(move |(index, run)| (way, index, run)))
    }

    /// The runs of all turns.
    pub fn raced(&self) -> impl Iterator<Item = &Numbered> {
        self.heats.iter().filter(|(heat, _)| *heat != Heat::WarmUp).flat_map(|(_, runs)| runs)
    }

    /// The same, to learn of their legs.
    pub fn raced_mut(&mut self) -> impl Iterator<Item = &mut Numbered> {
        self.heats.iter_mut().filter(|(heat, _)| *heat != Heat::WarmUp).flat_map(|(_, runs)| runs)
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.heats.iter().flat_map(|(_, runs)| runs).map(|numbered| &numbered.run)
    }

    /// The heat that is to begin now.
    pub fn due(&self) -> Option<Heat> {
        if self.url.is_empty() || self.is_imported() || !self.all().all(|run| run.ending == Ending::Complete) {
            return None;
        }
        let Some(raced) = self.heats.len().checked_sub(1) else { return Some(Heat::WarmUp) };
        let (turn, place) = (raced / Way::ALL.len(), raced % Way::ALL.len());
        let begins = place > 0 || has_another_turn(turn, self.took());
        begins.then(|| Heat::Turn(turn, Way::in_turn(turn)[place]))
    }

    /// How long the turns took so far.
    fn took(&self) -> Duration {
        let turns = self.heats.iter().filter(|(heat, _)| *heat != Heat::WarmUp);
        turns.filter_map(|(_, runs)| runs.iter().map(|numbered| numbered.run.until()).max()).sum()
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.due().is_some() || self.all().any(|run| !run.is_over())
    }

    /// Whether every heat was run to its end.
    pub fn is_complete(&self) -> bool {
        self.due().is_none() && Way::ALL.into_iter().all(|way| self.times(way).is_some())
    }

    /// How much of the connecting of a connection each was the browser's spacing of handshakes, where the bridge told.
    pub fn spacing(&self) -> Option<Spread> {
        let of_turn =
            |turn| race::spacing(self.heat(turn, Way::AtOnce).iter().map(|numbered| (&numbered.run, numbered.trace())));
        let clock_step = self.all().map(|run| run.clock_step).max()?;
        Spread::of((0..self.turns()).map(of_turn).collect::<Option<Vec<_>>>()?, clock_step)
    }

    /// Whether its runs went over links that were not the same, or one became another meanwhile.
    pub fn link_changed(&self) -> bool {
        let mut revisions = self.raced().filter_map(|numbered| numbered.passage).map(Passage::revision);
        let is_one_revision = match revisions.next() {
            Some(None) => false,
            Some(first) => revisions.all(|revision| revision == first),
            None => true,
        };
        let mut wires = self.raced().map(|numbered| numbered.wire);
        let wire = wires.next();
        !is_one_revision || wires.any(|other| Some(other) != wire)
    }

    /// Whether there is something to keep of it: it is over, and one of its ways was begun.
    pub fn is_over(&self) -> bool {
        !self.is_running() && self.raced().next().is_some()
    }

    /// The same to be exported, once it is over.
    pub fn exported(&self) -> Option<export::Race> {
        let recorded = |turn, way| {
            let runs = self.heat(turn, way).iter().zip(1..);
            runs.map(|(numbered, number)| export::Recorded { number, ..numbered.recorded() }).collect()
        };
        let turns = (0..self.turns()).map(|turn| Turn {
            one_at_a_time: recorded(turn, Way::OneAtATime),
            sent_ahead: recorded(turn, Way::SentAhead),
            at_once: recorded(turn, Way::AtOnce),
        });
        self.is_over().then(|| export::Race::new(self.warm_up, turns))
    }

    /// How it ended before its end, if it did.
    pub fn failure(&self) -> Option<&Ending> {
        self.all().map(|run| &run.ending).find(|ending| !matches!(ending, Ending::Running | Ending::Complete))
    }

    /// Changes something; what begins, begins in these circumstances.
    pub fn act(&mut self, action: Action, circumstances: &Circumstances) {
        match action {
            Action::Begun(url) => *self = Self { url, ..Self::default() },
            Action::HeatBegun(heat, asks) => {
                let url = &self.url;
                let runs = asks
                    .into_iter()
                    .map(|(dialogue, ask)| Numbered::begun(dialogue, Ask { url: url.clone(), ..ask }, circumstances));
                let runs: Vec<Numbered> = runs.collect();
                if heat == Heat::WarmUp {
                    self.warm_up = runs.iter().map(|numbered| numbered.run.questions.len() as u32).sum();
                }
                self.heats.push((heat, runs));
            }
        }
    }

    /// A run goes on.
    pub fn step(&mut self, number: u32, step: Step) {
        if let Some(run) = self.going_on(number) {
            run.record(step);
        }
    }

    /// A run is over. `how` says how, who having been asked.
    pub fn end(&mut self, number: u32, how: impl FnOnce(&str) -> Ending) {
        if let Some(run) = self.going_on(number) {
            run.ending = how(&run.to);
        }
    }

    /// Whatever goes on will not.
    pub fn give_up(&mut self, ending: &Ending) {
        let runs = self.heats.iter_mut().flat_map(|(_, runs)| runs);
        for numbered in runs.filter(|numbered| !numbered.run.is_over()) {
            numbered.run.ending = ending.clone();
        }
    }

    fn going_on(&mut self, number: u32) -> Option<&mut Run> {
        let (_, runs) = self.heats.last_mut()?;
        let run = &mut runs.iter_mut().find(|numbered| numbered.number == number)?.run;
        (!run.is_over()).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::race::TURNS_MAX;

    use super::*;

    /// Begins the heat that is due, as the page does.
    fn begin(race: &mut Race, first: u32) -> Option<Heat> {
        let heat = race.due()?;
        let runs = heat.runs().into_iter().zip(first..);
        let asks = runs.map(|((order, questions), run)| {
            (format!("dialogue-{run}"), Ask { run, url: race.url.clone(), order, questions })
        });
        race.act(Action::HeatBegun(heat, asks.collect()), &Circumstances::default());
        Some(heat)
    }

    /// Completes the runs of the newest heat, from the number `first` on, each question taking so long.
    fn complete(race: &mut Race, first: u32, took: Duration) -> u32 {
        let questions: Vec<usize> =
            race.heats.last().unwrap().1.iter().map(|numbered| numbered.run.questions.len()).collect();
        for (number, questions) in (first..).zip(&questions) {
            race.step(number, Step::Connected { at: Duration::ZERO });
            for question in 0..*questions as u32 {
                race.step(number, Step::Asked { at: took * question });
                race.step(number, Step::Answered { at: took * (question + 1), answer: "This.".to_owned() });
            }
            race.end(number, |_| Ending::Complete);
        }
        first + questions.len() as u32
    }

    fn begun() -> Race {
        let mut race = Race::default();
        race.act(Action::Begun("ws://b/ws".to_owned()), &Circumstances::default());
        race
    }

    /// Runs it to its end, each question taking so long.
    fn run(race: &mut Race, took: Duration) -> Vec<Heat> {
        let mut number = 1;
        std::iter::from_fn(|| {
            let heat = begin(race, number)?;
            number = complete(race, number, took);
            Some(heat)
        })
        .collect()
    }

    #[test]
    fn after_the_warm_up_the_ways_take_turns_in_changing_order() {
        let mut race = begun();
        let heats = run(&mut race, Duration::from_millis(1));
        assert_eq!(heats[0], Heat::WarmUp);
        let expected = (0..TURNS_MAX).flat_map(|turn| Way::in_turn(turn).map(|way| Heat::Turn(turn, way)));
        assert_eq!(heats[1..], expected.collect::<Vec<_>>());
        assert!(race.is_complete() && !race.is_running());
        let medians = Way::ALL.map(|way| race.times(way).unwrap().asking.median.as_millis());
        assert_eq!((medians, race.warm_up), ([3, 3, 1], 3));
    }

    #[test]
    fn over_a_long_link_there_is_one_turn() {
        let mut race = begun();
        assert_eq!(run(&mut race, Duration::from_secs(1)).len(), 1 + 3);
        assert_eq!((race.turns(), race.is_complete()), (1, true));
    }

    #[test]
    fn a_race_is_exported_and_imported_with_all_its_turns_and_without_the_warm_up() {
        let mut race = begun();
        begin(&mut race, 1);
        assert!(race.is_running() && !race.is_complete());
        assert_eq!(race.exported(), None);
        complete(&mut race, 1, Duration::from_millis(1));
        race.heats.clear();
        run(&mut race, Duration::from_millis(1));
        let exported = race.exported().unwrap();
        assert_eq!(exported.heats().map(|(_, _, runs)| runs.len()).collect::<Vec<_>>(), [1, 1, 3].repeat(5));

        let imported = Race::imported(&exported, 20);
        assert!(imported.is_imported() && imported.is_complete() && imported.due().is_none());
        assert_eq!(imported.exported(), Some(exported));
        assert_eq!(imported.raced().map(|run| run.number).collect::<Vec<_>>(), (20..45).collect::<Vec<_>>());
        assert_eq!(imported.shown().count(), 5);
    }

    #[test]
    fn a_heat_that_breaks_is_the_end_of_the_race() {
        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, |_| Ending::Stopped);
        assert_eq!((race.due(), race.is_running(), race.failure()), (None, false, Some(&Ending::Stopped)));
        assert_eq!(race.exported(), None, "only the warm-up was run");

        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, |_| Ending::Complete);
        begin(&mut race, 2);
        race.end(2, |_| Ending::Stopped);
        let exported = race.exported().unwrap();
        assert_eq!(
            exported.heats().map(|(_, _, runs)| runs.len()).collect::<Vec<_>>(),
            [1, 0, 0],
            "what had come is kept"
        );
        assert_eq!(Race::imported(&exported, 1).failure(), Some(&Ending::Stopped));
    }

    #[test]
    fn before_it_begins_nothing_is_due() {
        assert_eq!((Race::default().due(), Race::default().is_running()), (None, false));
    }
}

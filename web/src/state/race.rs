//! The race of three ways to ask: its heats, one after the other, and the runs of each.

use launcelot_measure::export;
use launcelot_measure::{Ending, Order, Run, Step};
use launcelot_protocol::EXCHANGES;

use super::{Circumstances, Numbered};
use crate::message::Ask;

/// A part of the race that goes on alone, so that nothing disturbs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heat {
    /// The first connection over a route takes longer than any later one. It is discarded.
    WarmUp,
    /// One connection, and each question waits for the answer before it.
    OneAtATime,
    /// One connection, and all questions at once.
    SentAhead,
    /// A connection for each question, all at once.
    AtOnce,
}

impl Heat {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::WarmUp, Self::OneAtATime, Self::SentAhead, Self::AtOnce];

    /// The three that are shown.
    pub const SHOWN: [Self; 3] = [Self::OneAtATime, Self::SentAhead, Self::AtOnce];

    /// The order and the questions of each of its runs, which all begin at the same moment.
    pub fn runs(self) -> Vec<(Order, Vec<String>)> {
        let questions = EXCHANGES.map(|exchange| exchange.question.to_owned());
        match self {
            Self::WarmUp | Self::OneAtATime => vec![(Order::OneAtATime, questions.into())],
            Self::SentAhead => vec![(Order::SentAhead, questions.into())],
            Self::AtOnce => questions.map(|question| (Order::OneAtATime, vec![question])).into(),
        }
    }
}

/// The race as far as it has come. The default is one that has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Race {
    /// The bridge, on the route that was chosen when it began; empty before the first race.
    pub url: String,
    /// The heats that have begun, and the runs of each.
    heats: Vec<Vec<Numbered>>,
    /// How many questions of it were a warm-up.
    pub warm_up: u32,
}

/// What can happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The person began it, over the bridge at this URL.
    Begun(String),
    /// The worker has begun these runs, whose dialogues the lab knows by these names.
    HeatBegun(Vec<(String, Ask)>),
}

impl Race {
    /// One that was run elsewhere, or before, and came from a file; its runs are numbered from `number` on.
    pub fn imported(race: &export::Race, number: u32) -> Self {
        let mut numbers = number..;
        let mut runs = |recorded: &[export::Recorded]| {
            recorded.iter().zip(&mut numbers).map(|(recorded, number)| Numbered::imported(number, recorded)).collect()
        };
        let ways = race.ways().map(|(_, recorded)| runs(recorded));
        let heats = [Vec::new()].into_iter().chain(ways).collect::<Vec<Vec<Numbered>>>();
        let url = heats.iter().flatten().next().map(|numbered| numbered.run.to.clone()).unwrap_or_default();
        Self { url, heats, warm_up: race.warm_up }
    }

    /// Whether it came from a file.
    pub fn is_imported(&self) -> bool {
        self.shown().any(|(_, _, numbered)| numbered.is_imported)
    }

    /// The runs of a heat; none if it has not begun.
    pub fn runs(&self, heat: Heat) -> impl Iterator<Item = &Run> + Clone {
        self.heat(heat).iter().map(|numbered| &numbered.run)
    }

    fn heat(&self, heat: Heat) -> &[Numbered] {
        self.heats.get(heat as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The runs of the heats that are shown: of which heat, how manieth in it from 0, and the run.
    pub fn shown(&self) -> impl Iterator<Item = (Heat, usize, &Numbered)> {
        let heats = Heat::SHOWN.into_iter();
        heats.flat_map(|heat| self.heat(heat).iter().enumerate().map(move |(index, run)| (heat, index, run)))
    }

    /// The same, to learn of their legs.
    pub fn shown_mut(&mut self) -> impl Iterator<Item = &mut Numbered> {
        self.heats.iter_mut().skip(Heat::SHOWN[0] as usize).flatten()
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.heats.iter().flatten().map(|numbered| &numbered.run)
    }

    /// The heat that is to begin now.
    pub fn due(&self) -> Option<Heat> {
        let is_free = !self.url.is_empty() && self.all().all(|run| run.ending == Ending::Complete);
        Heat::ALL.get(self.heats.len()).copied().filter(|_| is_free)
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.due().is_some() || self.all().any(|run| !run.is_over())
    }

    /// Whether every heat was run to its end.
    pub fn is_complete(&self) -> bool {
        self.heats.len() == Heat::ALL.len() && self.all().all(|run| run.ending == Ending::Complete)
    }

    /// Whether its ways went through wires that were not the same.
    pub fn wire_changed(&self) -> bool {
        let mut wires = self.shown().map(|(_, _, numbered)| numbered.wire);
        let first = wires.next().flatten();
        wires.any(|wire| wire != first)
    }

    /// Whether there is something to keep of it: it is over, and one of its ways was begun.
    pub fn is_over(&self) -> bool {
        !self.is_running() && self.shown().next().is_some()
    }

    /// The same to be exported, once it is over.
    pub fn exported(&self) -> Option<export::Race> {
        let recorded = |heat| {
            let runs = self.heat(heat).iter().zip(1..);
            runs.map(|(numbered, number)| export::Recorded { number, ..numbered.recorded() }).collect()
        };
        self.is_over().then(|| export::Race {
            warm_up: self.warm_up,
            one_at_a_time: recorded(Heat::OneAtATime),
            sent_ahead: recorded(Heat::SentAhead),
            at_once: recorded(Heat::AtOnce),
        })
    }

    /// How it ended before its end, if it did.
    pub fn failure(&self) -> Option<&Ending> {
        self.all().map(|run| &run.ending).find(|ending| !matches!(ending, Ending::Running | Ending::Complete))
    }

    /// Changes something; what begins, begins in these circumstances.
    pub fn act(&mut self, action: Action, circumstances: &Circumstances) {
        match action {
            Action::Begun(url) => *self = Self { url, ..Self::default() },
            Action::HeatBegun(asks) => {
                let url = &self.url;
                let runs = asks
                    .into_iter()
                    .map(|(dialogue, ask)| Numbered::begun(dialogue, Ask { url: url.clone(), ..ask }, circumstances));
                let runs: Vec<Numbered> = runs.collect();
                if self.heats.is_empty() {
                    self.warm_up = runs.iter().map(|numbered| numbered.run.questions.len() as u32).sum();
                }
                self.heats.push(runs);
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
        for numbered in self.heats.iter_mut().flatten().filter(|numbered| !numbered.run.is_over()) {
            numbered.run.ending = ending.clone();
        }
    }

    fn going_on(&mut self, number: u32) -> Option<&mut Run> {
        let run = &mut self.heats.last_mut()?.iter_mut().find(|numbered| numbered.number == number)?.run;
        (!run.is_over()).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins the heat that is due, as the page does.
    fn begin(race: &mut Race, first: u32) -> Option<Heat> {
        let heat = race.due()?;
        let runs = heat.runs().into_iter().zip(first..);
        let asks = runs.map(|((order, questions), run)| {
            (format!("dialogue-{run}"), Ask { run, url: race.url.clone(), order, questions })
        });
        race.act(Action::HeatBegun(asks.collect()), &Circumstances::default());
        Some(heat)
    }

    fn begun() -> Race {
        let mut race = Race::default();
        race.act(Action::Begun("ws://b/ws".to_owned()), &Circumstances::default());
        race
    }

    #[test]
    fn one_heat_follows_the_other_and_the_last_has_three_connections() {
        let mut race = begun();
        for (first, heat) in [(1, Heat::WarmUp), (2, Heat::OneAtATime), (3, Heat::SentAhead)] {
            assert_eq!((begin(&mut race, first), race.due()), (Some(heat), None));
            race.end(first, |_| Ending::Complete);
        }
        assert_eq!(begin(&mut race, 4), Some(Heat::AtOnce));
        assert_eq!(race.runs(Heat::AtOnce).map(|run| run.questions.len()).collect::<Vec<_>>(), [1, 1, 1]);
        [4, 5].into_iter().for_each(|number| race.end(number, |_| Ending::Complete));
        assert!(race.is_running() && !race.is_complete());
        assert_eq!(race.exported(), None);
        race.end(6, |_| Ending::Complete);
        let exported = race.exported().unwrap();
        assert_eq!(exported.ways().map(|(_, runs)| runs.len()), [1, 1, 3], "without the warm-up");
        assert_eq!((race.is_running(), race.is_complete(), race.due()), (false, true, None));
        assert_eq!(exported.warm_up, 3);

        let imported = Race::imported(&exported, 20);
        assert!(imported.is_imported() && imported.is_complete() && imported.due().is_none());
        assert_eq!(imported.exported(), Some(exported));
        assert_eq!(imported.shown().map(|(_, _, run)| run.number).collect::<Vec<_>>(), [20, 21, 22, 23, 24]);
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
        assert_eq!(exported.ways().map(|(_, runs)| runs.len()), [1, 0, 0], "what had come is kept");
        assert_eq!(Race::imported(&exported, 1).failure(), Some(&Ending::Stopped));
    }

    #[test]
    fn before_it_begins_nothing_is_due() {
        assert_eq!((Race::default().due(), Race::default().is_running()), (None, false));
    }
}

//! The race of three ways to ask: its heats, one after the other, and the runs of each.

use std::time::Duration;

use launcelot_measure::export::{self, Recorded};
use launcelot_measure::{Ending, Order, Run, Step};
use launcelot_protocol::EXCHANGES;

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
    /// The heats that have begun, and of each the runs by their numbers.
    heats: Vec<Vec<(u32, Run)>>,
}

/// What can happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The person began it, over the bridge at this URL.
    Begun(String),
    /// The worker has begun these runs.
    HeatBegun(Vec<Ask>),
}

impl Race {
    /// The runs of a heat; none if it has not begun.
    pub fn runs(&self, heat: Heat) -> impl Iterator<Item = &Run> + Clone {
        self.heats.get(heat as usize).into_iter().flatten().map(|(_, run)| run)
    }

    fn all(&self) -> impl Iterator<Item = &Run> {
        self.heats.iter().flatten().map(|(_, run)| run)
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

    /// What is exported of it: it, once it is complete.
    pub fn exported(&self) -> Vec<export::Race> {
        let recorded = |heat| {
            let runs = self.runs(heat).zip(1..);
            runs.map(|(run, number)| Recorded { number, run: run.clone(), trace: None }).collect()
        };
        let race = self.is_complete().then(|| export::Race {
            one_at_a_time: recorded(Heat::OneAtATime),
            sent_ahead: recorded(Heat::SentAhead),
            at_once: recorded(Heat::AtOnce),
        });
        race.into_iter().collect()
    }

    /// How it ended before its end, if it did.
    pub fn failure(&self) -> Option<&Ending> {
        self.all().map(|run| &run.ending).find(|ending| !matches!(ending, Ending::Running | Ending::Complete))
    }

    /// Changes something; `clock_step` limits what is to come.
    pub fn act(&mut self, action: Action, clock_step: Duration) {
        match action {
            Action::Begun(url) => *self = Self { url, heats: Vec::new() },
            Action::HeatBegun(asks) => {
                let runs =
                    asks.into_iter().map(|ask| (ask.run, Run::new(ask.url, ask.order, clock_step, ask.questions)));
                self.heats.push(runs.collect());
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
        for (_, run) in self.heats.iter_mut().flatten().filter(|(_, run)| !run.is_over()) {
            run.ending = ending.clone();
        }
    }

    fn going_on(&mut self, number: u32) -> Option<&mut Run> {
        let (_, run) = self.heats.last_mut()?.iter_mut().find(|(other, _)| *other == number)?;
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
        let asks = runs.map(|((order, questions), run)| Ask { run, url: race.url.clone(), order, questions });
        race.act(Action::HeatBegun(asks.collect()), Duration::ZERO);
        Some(heat)
    }

    fn begun() -> Race {
        let mut race = Race::default();
        race.act(Action::Begun("ws://b/ws".to_owned()), Duration::ZERO);
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
        assert_eq!(race.exported(), []);
        race.end(6, |_| Ending::Complete);
        let exported = race.exported();
        assert_eq!(exported[0].ways().map(|(_, runs)| runs.len()), [1, 1, 3], "without the warm-up");
        assert_eq!((race.is_running(), race.is_complete(), race.due()), (false, true, None));
    }

    #[test]
    fn a_heat_that_breaks_is_the_end_of_the_race() {
        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, |_| Ending::Stopped);
        assert_eq!((race.due(), race.is_running(), race.failure()), (None, false, Some(&Ending::Stopped)));
    }

    #[test]
    fn before_it_begins_nothing_is_due() {
        assert_eq!((Race::default().due(), Race::default().is_running()), (None, false));
    }
}

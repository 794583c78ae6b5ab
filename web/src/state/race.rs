//! The race of three ways to ask: its heats, one after the other, and the runs of each.

use std::time::Duration;

use launcelot_charts::race::Whisker;
use launcelot_measure::race::{self, Spread, WayTimes, has_another_turn};
use launcelot_measure::{Interruptions, Order, Revision, Run, RunStatus, ServerWork, Span, Step, Turn, Way, export};
use launcelot_protocol::EXCHANGES;

use super::{Circumstances, RunRecord};
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
    /// The runs that have begun, and the heat to which each belongs.
    runs: Vec<(Heat, RunRecord)>,
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
    pub fn imported(race: &export::RecordedRace, number: u32) -> Self {
        let mut imported = Self { warm_up: race.warm_up, ..Self::default() };
        let mut numbers = number..;
        for (turn, way, runs) in race.heats() {
            for (recorded, number) in runs.iter().zip(&mut numbers) {
                if imported.url.is_empty() {
                    imported.url.clone_from(&recorded.run.target);
                }
                imported.runs.push((Heat::Turn(turn, way), RunRecord::imported(number, recorded)));
            }
        }
        imported
    }

    /// Whether it came from a file.
    pub fn is_imported(&self) -> bool {
        self.raced().any(|numbered| numbered.is_imported)
    }

    /// How many turns have begun.
    pub fn turns(&self) -> usize {
        match self.runs.last() {
            Some((Heat::Turn(turn, _), _)) => turn + 1,
            Some((Heat::WarmUp, _)) | None => 0,
        }
    }

    fn heat(&self, turn: usize, way: Way) -> impl Iterator<Item = &RunRecord> + Clone {
        self.runs.iter().filter(move |(heat, _)| *heat == Heat::Turn(turn, way)).map(|(_, numbered)| numbered)
    }

    /// The times of a way in all turns; `None` as long as one of them is not complete.
    #[inline(never)]
    pub fn times(&self, way: Way) -> Option<WayTimes> {
        let mut turns = vec![Vec::new(); self.turns()];
        for (heat, numbered) in &self.runs {
            if let Heat::Turn(turn, other) = heat
                && *other == way
            {
                turns[*turn].push(&numbered.run);
            }
        }
        WayTimes::of(&turns)
    }

    /// How asking was spread over the turns of a way, laid from the first question of the turn that is drawn; `None` until the race is
    /// complete, and of a single turn.
    pub fn whisker(&self, way: Way) -> Option<Whisker> {
        let asking = self.asking(way)?;
        self.is_complete().then_some(())?;
        Whisker::from(asking.from, self.times(way)?.asking)
    }

    /// From the first question of the turn that is drawn of a way to its last answer so far; `None` before the first question.
    pub fn asking(&self, way: Way) -> Option<Span> {
        let mut from = Duration::MAX;
        let mut until = Duration::ZERO;
        for numbered in self.drawn(way) {
            if let Some(asked) = numbered.run.questions.first().and_then(|first| first.asked) {
                from = from.min(asked);
            }
            until = until.max(numbered.run.until());
        }
        (from <= until).then_some(Span { from, until })
    }

    /// The runs that are drawn of a way: those of the turn in which asking took the median, or of the newest while that is not
    /// known; none if it has not begun.
    pub fn drawn(&self, way: Way) -> impl Iterator<Item = &RunRecord> + Clone {
        let turn = match self.times(way) {
            Some(times) => times.asking.median_turn,
            None => (0..self.turns()).rev().find(|turn| self.heat(*turn, way).next().is_some()).unwrap_or_default(),
        };
        self.heat(turn, way)
    }

    /// The largest step of the clocks that took its times.
    pub fn clock_step(&self) -> Duration {
        self.raced().map(|numbered| numbered.run.clock_step).max().unwrap_or_default()
    }

    /// The runs that are drawn: of which way, how manieth in it from 0, and the run.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = (Way, usize, &RunRecord)> {
        let mut shown = Vec::new();
        for way in Way::ALL {
            shown.extend(self.drawn(way).enumerate().map(|(index, numbered)| (way, index, numbered)));
        }
        shown.into_iter()
    }

    /// The runs of all turns.
    pub fn raced(&self) -> impl Iterator<Item = &RunRecord> {
        self.runs.iter().filter(|(heat, _)| *heat != Heat::WarmUp).map(|(_, numbered)| numbered)
    }

    /// The same, to learn of their legs.
    pub fn raced_mut(&mut self) -> impl Iterator<Item = &mut RunRecord> {
        self.runs.iter_mut().filter(|(heat, _)| *heat != Heat::WarmUp).map(|(_, numbered)| numbered)
    }

    /// The heat that is to begin now.
    #[inline(never)]
    pub fn due(&self) -> Option<Heat> {
        if self.url.is_empty()
            || self.is_imported()
            || !self.runs.iter().all(|(_, it)| it.run.status == RunStatus::Complete)
        {
            return None;
        }
        let turn = match self.runs.last() {
            None => return Some(Heat::WarmUp),
            Some((Heat::WarmUp, _)) => 0,
            Some((Heat::Turn(turn, way), _)) => {
                let mut ways = Way::in_turn(*turn).into_iter().skip_while(|other| other != way).skip(1);
                if let Some(next) = ways.next() {
                    return Some(Heat::Turn(*turn, next));
                }
                turn + 1
            }
        };
        has_another_turn(turn, self.took()).then(|| Heat::Turn(turn, Way::in_turn(turn)[0]))
    }

    /// How long the turns took so far.
    fn took(&self) -> Duration {
        let mut took = Duration::ZERO;
        let mut last = (Heat::WarmUp, Duration::ZERO);
        for (heat, numbered) in &self.runs {
            let until = numbered.run.until();
            if *heat != last.0 {
                took += last.1;
                last = (*heat, Duration::ZERO);
            }
            if *heat != Heat::WarmUp {
                last.1 = last.1.max(until);
            }
        }
        took + last.1
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.due().is_some() || self.runs.iter().any(|(_, numbered)| !numbered.run.is_over())
    }

    /// Whether every heat was run to its end.
    pub fn is_complete(&self) -> bool {
        self.turns() > 0 && !self.is_running() && self.failure().is_none()
    }

    /// How much of the connecting of a connection each was the browser's spacing of handshakes, where the bridge told.
    pub fn spacing(&self) -> Option<Spread> {
        let mut spacings = Vec::new();
        for turn in 0..self.turns() {
            let watched = self.heat(turn, Way::AtOnce).map(|numbered| (&numbered.run, numbered.trace()));
            spacings.push(race::spacing(watched)?);
        }
        Spread::of(&spacings, self.runs.first()?.1.run.clock_step)
    }

    /// Whether its runs went over links that were not the same, or one became another meanwhile.
    pub fn link_changed(&self) -> bool {
        let mut first: Option<Revision> = None;
        let wire = self.raced().next().and_then(|numbered| numbered.wire);
        for numbered in self.raced() {
            if let Some(passage) = numbered.passage {
                let revision = passage.revision();
                if revision.is_none() || first.is_some_and(|first| Some(first) != revision) {
                    return true;
                }
                first = revision;
            }
            if numbered.wire != wire {
                return true;
            }
        }
        false
    }

    /// How long the server worked on each answer of the first run, and of the first one that differs from that.
    #[inline(never)]
    pub fn server_work(&self) -> Option<ServerWork> {
        let mut whole: Option<ServerWork> = None;
        for numbered in self.raced() {
            let Some(work) = numbered.server_work else { continue };
            let whole = whole.get_or_insert(ServerWork::begun(work.first));
            for time in [work.first, work.last.unwrap_or(work.first)] {
                if time != whole.first {
                    whole.end(time);
                }
            }
        }
        whole
    }

    /// Whether the server did not work equally long on each answer of all turns.
    pub fn work_changed(&self) -> bool {
        self.server_work().is_some_and(ServerWork::is_changed)
    }

    /// Whether there is something to keep of it: it is over, and one of its ways was begun.
    pub fn is_over(&self) -> bool {
        !self.is_running() && self.raced().next().is_some()
    }

    /// The same to be exported, once it is over.
    pub fn exported(&self) -> Option<export::RecordedRace> {
        self.is_over().then_some(())?;
        let mut turns = vec![Turn::default(); self.turns()];
        for (heat, numbered) in &self.runs {
            if let Heat::Turn(turn, way) = heat {
                let runs = turns[*turn].of_mut(*way);
                runs.push(export::RecordedRun { number: runs.len() as u32 + 1, ..numbered.recorded() });
            }
        }
        Some(export::RecordedRace::new(self.warm_up, turns))
    }

    /// How it ended before its end, if it did.
    pub fn failure(&self) -> Option<&RunStatus> {
        let mut endings = self.runs.iter().map(|(_, numbered)| &numbered.run.status);
        endings.find(|ending| !matches!(ending, RunStatus::Running | RunStatus::Complete))
    }

    /// Changes something; what begins, begins in these circumstances.
    pub fn act(&mut self, action: Action, circumstances: &Circumstances) {
        match action {
            Action::Begun(url) => *self = Self { url, ..Self::default() },
            Action::HeatBegun(heat, asks) => {
                for (dialogue, ask) in asks {
                    if heat == Heat::WarmUp {
                        self.warm_up += ask.questions.len() as u32;
                    }
                    let ask = Ask { url: self.url.clone(), ..ask };
                    self.runs.push((heat, RunRecord::begun(dialogue, ask, circumstances)));
                }
            }
        }
    }

    /// A run goes on.
    pub fn step(&mut self, number: u32, step: Step) {
        if let Some(run) = self.going_on(number) {
            run.record(step);
        }
    }

    /// A run is over. `how` says how, who having been asked, and after which interruptions.
    pub fn end(&mut self, number: u32, how: impl FnOnce(&str, Interruptions) -> RunStatus) {
        if let Some(run) = self.going_on(number) {
            run.status = how(&run.target, run.interruptions);
        }
    }

    /// Whatever goes on will not.
    pub fn give_up(&mut self, status: &RunStatus) {
        for (_, numbered) in self.runs.iter_mut().filter(|(_, numbered)| !numbered.run.is_over()) {
            numbered.run.status = status.clone();
        }
    }

    fn going_on(&mut self, number: u32) -> Option<&mut Run> {
        let run = &mut self.runs.iter_mut().find(|(_, numbered)| numbered.number == number)?.1.run;
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

    /// Completes the runs of the newest heat, from the number `first` on, each question taking `took`.
    fn complete(race: &mut Race, first: u32, took: Duration) -> u32 {
        let newest = race.runs.iter().filter(|(_, numbered)| numbered.number >= first);
        let questions: Vec<usize> = newest.map(|(_, numbered)| numbered.run.questions.len()).collect();
        for (number, questions) in (first..).zip(&questions) {
            race.step(number, Step::Connected { at: Duration::ZERO });
            for question in 0..*questions as u32 {
                race.step(number, Step::Asked { at: took * question });
                race.step(number, Step::Answered { at: took * (question + 1), answer: "This.".to_owned() });
            }
            race.end(number, |_, _| RunStatus::Complete);
        }
        first + questions.len() as u32
    }

    fn begun() -> Race {
        let mut race = Race::default();
        race.act(Action::Begun("ws://b/ws".to_owned()), &Circumstances::default());
        race
    }

    /// Runs it to its end, each question taking `took`.
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
        let ends = Way::ALL.map(|way| race.whisker(way).map(|whisker| whisker.end().as_millis()));
        assert_eq!(ends, [Some(3), Some(3), Some(1)], "connecting took no time");
    }

    #[test]
    fn over_a_long_link_there_is_one_turn() {
        let mut race = begun();
        assert_eq!(run(&mut race, Duration::from_secs(1)).len(), 1 + 3);
        assert_eq!((race.turns(), race.is_complete()), (1, true));
        assert_eq!(race.whisker(Way::OneAtATime), None, "a single turn has no spread");
    }

    #[test]
    fn a_race_is_exported_and_imported_with_all_its_turns_and_without_the_warm_up() {
        let mut race = begun();
        begin(&mut race, 1);
        assert!(race.is_running() && !race.is_complete());
        assert_eq!(race.exported(), None);
        complete(&mut race, 1, Duration::from_millis(1));
        race.runs.clear();
        race.warm_up = 0;
        run(&mut race, Duration::from_millis(1));
        let exported = race.exported().unwrap();
        assert_eq!(
            exported.heats().into_iter().map(|(_, _, runs)| runs.len()).collect::<Vec<_>>(),
            [1, 1, 3].repeat(5)
        );

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
        race.end(1, |_, _| RunStatus::Stopped);
        assert_eq!((race.due(), race.is_running(), race.failure()), (None, false, Some(&RunStatus::Stopped)));
        assert_eq!(race.exported(), None, "only the warm-up was run");

        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, |_, _| RunStatus::Complete);
        begin(&mut race, 2);
        race.end(2, |_, _| RunStatus::Stopped);
        let exported = race.exported().unwrap();
        assert_eq!(
            exported.heats().into_iter().map(|(_, _, runs)| runs.len()).collect::<Vec<_>>(),
            [1, 0, 0],
            "what had come is kept"
        );
        assert_eq!(Race::imported(&exported, 1).failure(), Some(&RunStatus::Stopped));
    }

    #[test]
    fn before_it_begins_nothing_is_due() {
        assert_eq!((Race::default().due(), Race::default().is_running()), (None, false));
    }
}

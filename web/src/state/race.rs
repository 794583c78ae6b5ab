//! The race of three ways to ask: its heats, one after the other, and the runs of each.

use std::time::Duration;

use launcelot_charts::race::Whisker;
use launcelot_measure::race::{self, Spread, WayTimes, has_another_turn};
use launcelot_measure::{Order, Revision, RunStatus, ServerWork, Span, Turn, Way, export};
use launcelot_protocol::EXCHANGES;

use super::ids::{EntryId, RunId};
use super::run_record::RunRecord;
use crate::shared::Shared;

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
    runs: Vec<(Heat, Shared<RunRecord>)>,
    /// How many questions of it were a warm-up.
    pub warm_up: u32,
    /// The identity in the browser's storage.
    pub entry: EntryId,
    /// Whether it came from a file or from an earlier visit, so that nothing of it is due.
    is_recorded: bool,
}

impl Race {
    /// Creates a race that begins, over the bridge at `url`.
    pub fn begun(url: String, entry: EntryId) -> Self {
        Self { url, entry, ..Self::default() }
    }

    /// Creates a race from a file. `next_id` gives its runs their identities.
    pub fn imported(race: &export::RecordedRace, entry: EntryId, next_id: &mut dyn FnMut() -> RunId) -> Self {
        let mut imported = Self { warm_up: race.warm_up, entry, is_recorded: true, ..Self::default() };
        for (turn, way, runs) in race.heats() {
            for (recorded, number) in runs.iter().zip(1..) {
                if imported.url.is_empty() {
                    imported.url.clone_from(&recorded.run.target);
                }
                let record = RunRecord::imported(next_id(), number, recorded);
                imported.runs.push((Heat::Turn(turn, way), Shared::new(record)));
            }
        }
        imported
    }

    /// Creates a race from an earlier visit, which the browser's storage has under `entry`.
    pub fn restored(race: &export::RecordedRace, entry: EntryId, next_id: &mut dyn FnMut() -> RunId) -> Self {
        let mut restored = Self::imported(race, entry, next_id);
        for (_, record) in &mut restored.runs {
            let record = record.make_mut();
            record.is_imported = record.provenance.is_imported;
        }
        restored
    }

    /// Whether it came from a file.
    pub fn is_imported(&self) -> bool {
        self.raced().any(|record| record.is_imported)
    }

    /// How many turns have begun.
    pub fn turns(&self) -> usize {
        match self.runs.last() {
            Some((Heat::Turn(turn, _), _)) => turn + 1,
            Some((Heat::WarmUp, _)) | None => 0,
        }
    }

    fn heat(&self, turn: usize, way: Way) -> impl Iterator<Item = &Shared<RunRecord>> + Clone {
        self.runs.iter().filter(move |(heat, _)| *heat == Heat::Turn(turn, way)).map(|(_, record)| record)
    }

    /// The times of a way in all turns; `None` as long as one of them is not complete.
    pub fn times(&self, way: Way) -> Option<WayTimes> {
        let mut turns = vec![Vec::new(); self.turns()];
        for (heat, record) in &self.runs {
            if let Heat::Turn(turn, other) = heat
                && *other == way
            {
                turns[*turn].push(&record.run);
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
        for record in self.drawn(way) {
            if let Some(asked) = record.run.questions.first().and_then(|first| first.asked) {
                from = from.min(asked);
            }
            until = until.max(record.run.until());
        }
        (from <= until).then_some(Span { from, until })
    }

    /// The runs that are drawn of a way: those of the turn in which asking took the median, or of the newest while that is not
    /// known; none if it has not begun.
    pub fn drawn(&self, way: Way) -> impl Iterator<Item = &Shared<RunRecord>> + Clone {
        let turn = match self.times(way) {
            Some(times) => times.asking.median_turn,
            None => (0..self.turns()).rev().find(|turn| self.heat(*turn, way).next().is_some()).unwrap_or_default(),
        };
        self.heat(turn, way)
    }

    /// The largest step of the clocks that took its times.
    pub fn clock_step(&self) -> Duration {
        self.raced().map(|record| record.run.clock_step).max().unwrap_or_default()
    }

    /// The runs that are drawn: the way, the index among the runs of that way, and the run.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = (Way, usize, &Shared<RunRecord>)> {
        let mut shown = Vec::new();
        for way in Way::ALL {
            shown.extend(self.drawn(way).enumerate().map(|(index, record)| (way, index, record)));
        }
        shown.into_iter()
    }

    /// The runs of all turns.
    pub fn raced(&self) -> impl Iterator<Item = &Shared<RunRecord>> {
        self.runs.iter().filter(|(heat, _)| *heat != Heat::WarmUp).map(|(_, record)| record)
    }

    /// Returns the runs of all turns to be changed.
    pub(crate) fn raced_mut(&mut self) -> impl Iterator<Item = &mut Shared<RunRecord>> {
        self.runs.iter_mut().filter(|(heat, _)| *heat != Heat::WarmUp).map(|(_, record)| record)
    }

    /// The heat that is to begin now.
    pub fn due(&self) -> Option<Heat> {
        if self.url.is_empty()
            || self.is_recorded
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
        for (heat, record) in &self.runs {
            let until = record.run.until();
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
        self.due().is_some() || self.runs.iter().any(|(_, record)| !record.run.is_over())
    }

    /// Whether every heat was run to its end.
    pub fn is_complete(&self) -> bool {
        self.turns() > 0 && !self.is_running() && self.failure().is_none()
    }

    /// How much of the connecting of a connection each was the browser's spacing of handshakes, where the bridge reports it.
    pub fn spacing(&self) -> Option<Spread> {
        let mut spacings = Vec::new();
        for turn in 0..self.turns() {
            let watched = self.heat(turn, Way::AtOnce).map(|record| (&record.run, record.trace()));
            spacings.push(race::spacing(watched)?);
        }
        Spread::of(&spacings, self.runs.first()?.1.run.clock_step)
    }

    /// Whether its runs went over links that were not the same, or one became another meanwhile.
    pub fn link_changed(&self) -> bool {
        let mut first: Option<Revision> = None;
        let link = self.raced().next().and_then(|record| record.link);
        for record in self.raced() {
            if let Some(revisions) = record.link_revisions {
                let revision = revisions.revision();
                if revision.is_none() || first.is_some_and(|first| Some(first) != revision) {
                    return true;
                }
                first = revision;
            }
            if record.link != link {
                return true;
            }
        }
        false
    }

    /// How long the server worked on each answer of the first run, and of the first one that differs from that.
    pub fn server_work(&self) -> Option<ServerWork> {
        let mut whole: Option<ServerWork> = None;
        for record in self.raced() {
            let Some(work) = record.server_work else { continue };
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
        for (heat, record) in &self.runs {
            if let Heat::Turn(turn, way) = heat {
                let runs = turns[*turn].of_mut(*way);
                runs.push(export::RecordedRun { number: runs.len() as u32 + 1, ..record.recorded() });
            }
        }
        Some(export::RecordedRace::new(self.warm_up, turns))
    }

    /// How it ended before its end, if it did.
    pub fn failure(&self) -> Option<&RunStatus> {
        let mut endings = self.runs.iter().map(|(_, record)| &record.run.status);
        endings.find(|ending| !matches!(ending, RunStatus::Running | RunStatus::Complete))
    }

    /// Begins the runs of a heat.
    pub fn begin_heat(&mut self, heat: Heat, runs: Vec<RunRecord>) {
        for record in runs {
            if heat == Heat::WarmUp {
                self.warm_up += record.run.questions.len() as u32;
            }
            self.runs.push((heat, Shared::new(record)));
        }
    }

    /// Returns the run with this identity, unless it is over: a late message changes nothing.
    pub fn active_mut(&mut self, id: RunId) -> Option<&mut RunRecord> {
        let (_, record) = self.runs.iter_mut().find(|(_, record)| record.id == id && record.is_active())?;
        Some(record.make_mut())
    }

    /// Whether the run with this identity is one of this race and is not over.
    pub fn is_active(&self, id: RunId) -> bool {
        self.runs.iter().any(|(_, record)| record.id == id && record.is_active())
    }

    /// Ends all runs that are not over.
    pub fn give_up(&mut self, status: &RunStatus) {
        for (_, record) in self.runs.iter_mut().filter(|(_, record)| record.is_active()) {
            record.make_mut().run.status = status.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Step;
    use launcelot_measure::race::TURNS_MAX;

    use super::*;
    use crate::state::run_record::{Circumstances, NewRun};

    impl Race {
        /// Begins the runs of a heat under identities from `first` on. Returns them with their orders and questions.
        pub(crate) fn begin_runs(&mut self, heat: Heat, first: u32, circumstances: &Circumstances) -> Vec<NewRun> {
            let runs = heat.runs().into_iter().zip(first..);
            let runs = runs.map(|((order, questions), id)| NewRun {
                id: RunId(id),
                number: id - first + 1,
                dialogue: format!("dialogue-{id}"),
                url: self.url.clone(),
                order,
                questions,
            });
            let runs: Vec<NewRun> = runs.collect();
            self.begin_heat(heat, runs.iter().map(|new| RunRecord::begun(new.clone(), circumstances)).collect());
            runs
        }

        pub(crate) fn record(&mut self, run: u32, step: Step) {
            self.active_mut(RunId(run)).unwrap().run.record(step);
        }

        pub(crate) fn end(&mut self, run: u32, status: RunStatus) {
            self.active_mut(RunId(run)).unwrap().run.status = status;
        }

        /// Imports an export of a race under identities from `first` on.
        pub(crate) fn reimported(exported: &export::RecordedRace, first: u32) -> Self {
            let mut ids = (first..).map(RunId);
            Self::imported(exported, EntryId::default(), &mut || ids.next().unwrap())
        }
    }

    /// Begins the heat that is due, as the page does.
    fn begin(race: &mut Race, first: u32) -> Option<Heat> {
        let heat = race.due()?;
        race.begin_runs(heat, first, &Circumstances::default());
        Some(heat)
    }

    /// Completes the runs of the newest heat, from the identity `first` on, each question taking `took`.
    fn complete(race: &mut Race, first: u32, took: Duration) -> u32 {
        let newest = race.runs.iter().filter(|(_, record)| record.id >= RunId(first));
        let questions: Vec<usize> = newest.map(|(_, record)| record.run.questions.len()).collect();
        for (run, questions) in (first..).zip(&questions) {
            race.record(run, Step::Connected { at: Duration::ZERO });
            for question in 0..*questions as u32 {
                race.record(run, Step::Asked { at: took * question });
                race.record(run, Step::Answered { at: took * (question + 1), answer: "This.".to_owned() });
            }
            race.end(run, RunStatus::Complete);
        }
        first + questions.len() as u32
    }

    fn begun() -> Race {
        Race::begun("ws://b/ws".to_owned(), EntryId::default())
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

        let imported = Race::reimported(&exported, 20);
        assert!(imported.is_imported() && imported.is_complete() && imported.due().is_none());
        assert_eq!(imported.exported(), Some(exported));
        assert_eq!(imported.raced().map(|record| record.id.0).collect::<Vec<_>>(), (20..45).collect::<Vec<_>>());
        assert_eq!(imported.shown().count(), 5);

        let entry = EntryId { position: 2, ..EntryId::default() };
        let mut ids = (50..).map(RunId);
        let restored = Race::restored(imported.exported().as_ref().unwrap(), entry, &mut || ids.next().unwrap());
        assert!(
            !restored.is_imported() && restored.is_complete() && restored.due().is_none(),
            "as it was before a reload"
        );
        assert_eq!((restored.exported(), restored.entry), (imported.exported(), entry));
    }

    #[test]
    fn a_heat_that_breaks_is_the_end_of_the_race() {
        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, RunStatus::Stopped);
        assert_eq!((race.due(), race.is_running(), race.failure()), (None, false, Some(&RunStatus::Stopped)));
        assert_eq!(race.exported(), None, "only the warm-up was run");

        let mut race = begun();
        begin(&mut race, 1);
        race.end(1, RunStatus::Complete);
        begin(&mut race, 2);
        race.end(2, RunStatus::Stopped);
        let exported = race.exported().unwrap();
        assert_eq!(
            exported.heats().into_iter().map(|(_, _, runs)| runs.len()).collect::<Vec<_>>(),
            [1, 0, 0],
            "what had come is kept"
        );
        assert_eq!(Race::reimported(&exported, 1).failure(), Some(&RunStatus::Stopped));
    }

    #[test]
    fn before_it_begins_nothing_is_due() {
        assert_eq!((Race::default().due(), Race::default().is_running()), (None, false));
    }
}

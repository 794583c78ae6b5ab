//! The series of rounds that the page keeps: which is running, which are drawn, how each changes.

use std::time::Duration;

use launcelot_charts::series::SERIES_MAX;
use launcelot_measure::lab_api::SeriesResponse;
use launcelot_measure::{
    Failures, Interruptions, Link, LinkRevisions, Provenance, Round, Rounds, RoundsPlan, RunStatus, ServerWork,
    Stopwatch,
};

use super::ids::RoundsId;
use crate::bridge::Route;
use crate::message::Clock;
use crate::shared::Shared;
use crate::text::rounds::is_automatic_name;

/// The largest number of series that are kept; then the oldest that a person has not named is removed. Those that a person named
/// may be more.
pub const KEPT_MAX: usize = 12;

/// The longest name, in characters.
pub const NAME_MAX: usize = 80;

/// The end of the name of a series whose link changed.
pub const CHANGED: &str = ", changed partway through";

/// The largest number of rounds for which memory is allocated in advance.
const CAPACITY_MAX: u32 = 10_000;

/// A series that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRounds {
    /// The identity of the series.
    pub id: RoundsId,
    /// The rounds.
    pub rounds: Shared<Rounds>,
    /// Whether the series came from a file.
    pub is_imported: bool,
}

/// What another tab did to a series in the storage that both share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredElsewhere {
    /// It stored the series, a new one or one that is known here.
    Stored(StoredRounds),
    /// It removed the series.
    Removed(RoundsId),
}

/// All series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManyRounds {
    /// The series, the newest last.
    pub kept: Vec<StoredRounds>,
    /// The series that is running, which is the newest.
    active: Option<RoundsId>,
    /// The newest series that began here, until the lab was asked how long the server thought about it.
    pub unreported: Option<RoundsId>,
    /// The series that are overlaid on the newest.
    overlaid: Vec<RoundsId>,
    /// The chosen stopwatch.
    pub stopwatch: Stopwatch,
    /// Whether the oldest series had to be removed.
    pub has_lost: bool,
    /// Whether the browser could not store a series.
    pub is_unstored: bool,
}

/// What a person can do with series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Choose a stopwatch.
    StopwatchChosen(Stopwatch),
    /// Overlay a series on the newest, or remove it from there.
    OverlayToggled(RoundsId),
    /// Name a series.
    Renamed(RoundsId, String),
    /// Remove a series.
    Removed(RoundsId),
}

/// Returns a series of which no round is over.
pub fn begun(name: String, target: String, plan: RoundsPlan, clock: Clock) -> Rounds {
    Rounds {
        name,
        is_named: Some(false),
        target,
        plan,
        clock_step: clock.step,
        cores: clock.cores,
        answered: Vec::with_capacity(plan.rounds.min(CAPACITY_MAX) as usize),
        errors: 0,
        failures: Failures::default(),
        provenance: Provenance::default(),
        link: Link::Unknown,
        link_revisions: None,
        thinking_mean: None,
        server_work: None,
        interruptions: Interruptions::default(),
        status: RunStatus::Running,
    }
}

impl StoredRounds {
    /// Whether a person named the series. Then the page does not remove it to make room.
    pub fn is_named(&self) -> bool {
        self.rounds.is_named.unwrap_or_else(|| !is_automatic_name(&self.rounds))
    }

    /// Whether there is an answer, or may still be one.
    pub fn is_worth_keeping(&self) -> bool {
        !self.rounds.answered.is_empty() || !self.rounds.is_over()
    }
}

impl ManyRounds {
    /// Creates the state with the series that an earlier visit has left.
    pub fn new(kept: Vec<StoredRounds>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Whether a series is running.
    pub fn is_running(&self) -> bool {
        self.active.is_some()
    }

    /// Returns the newest series.
    pub fn newest(&self) -> Option<&StoredRounds> {
        self.kept.last()
    }

    /// Returns the series that have an answer, or may still get one.
    pub fn worth_keeping(&self) -> impl DoubleEndedIterator<Item = &StoredRounds> {
        self.kept.iter().filter(|kept| kept.is_worth_keeping())
    }

    /// Returns the series that are drawn: the newest, then those that are overlaid on it, in the order in which they were chosen.
    pub fn shown(&self) -> impl Iterator<Item = &StoredRounds> {
        let newest = self.newest();
        let overlaid = self.overlaid.iter().filter_map(|id| self.kept.iter().find(|kept| kept.id == *id));
        newest.into_iter().chain(overlaid.filter(move |overlaid| Some(overlaid.id) != newest.map(|newest| newest.id)))
    }

    /// Returns the number of further series for which there is room.
    pub fn room(&self) -> usize {
        KEPT_MAX.saturating_sub(self.kept.len())
    }

    /// Does what a person wants.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::StopwatchChosen(stopwatch) => self.stopwatch = stopwatch,
            Action::OverlayToggled(id) => self.toggle_overlay(id),
            Action::Renamed(id, name) => {
                let name: String = name.chars().take(NAME_MAX).collect();
                if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id && kept.rounds.name != name) {
                    let rounds = kept.rounds.make_mut();
                    rounds.name = name;
                    rounds.is_named = Some(true);
                }
            }
            Action::Removed(id) => {
                if self.active != Some(id) {
                    self.kept.retain(|kept| kept.id != id);
                    self.clean_overlays();
                }
            }
        }
    }

    /// Removes all series.
    pub(super) fn clear(&mut self) {
        *self = Self { stopwatch: self.stopwatch, ..Self::default() };
    }

    /// Adds a series that begins.
    pub(super) fn begin(&mut self, id: RoundsId, rounds: Rounds) {
        self.give_up(RunStatus::Stopped);
        self.kept.retain(|kept| !kept.rounds.answered.is_empty());
        self.kept.push(StoredRounds { id, rounds: Shared::new(rounds), is_imported: false });
        self.unreported = Some(id);
        self.active = Some(id);
        self.clean_overlays();
    }

    /// Returns the series that is running, to be changed, if it has this identity: a late message changes nothing.
    pub(super) fn active_mut(&mut self, id: RoundsId) -> Option<&mut Rounds> {
        let newest = self.kept.last_mut().filter(|_| self.active == Some(id))?;
        Some(newest.rounds.make_mut())
    }

    /// Adds rounds that have ended.
    pub(super) fn add(&mut self, id: RoundsId, answered: &[Round], failures: &Failures) {
        if let Some(rounds) = self.active_mut(id) {
            rounds.answered.extend_from_slice(answered);
            rounds.errors += failures.count();
            rounds.failures.extend(failures);
        }
    }

    /// Records what interrupts the series that is running.
    pub(super) fn interrupt(&mut self, interruptions: Interruptions) {
        if let Some(rounds) = self.active.and_then(|id| self.active_mut(id)) {
            rounds.interruptions.add(interruptions);
        }
    }

    /// Ends a series. `status` returns its status, given its target and its interruptions.
    pub(super) fn end(&mut self, id: RoundsId, status: impl FnOnce(&str, Interruptions) -> RunStatus) {
        if let Some(rounds) = self.active_mut(id) {
            rounds.status = status(&rounds.target, rounds.interruptions);
            self.active = None;
            self.remove_oldest();
        }
    }

    /// The settings of the link changed: those of the series that is running, and of the series `ids`, are unknown. Their names,
    /// which contain the settings, say so.
    pub(super) fn link_changed(&mut self, ids: &[RoundsId], is_work_lost: bool) {
        for kept in &mut self.kept {
            let is_affected = ids.contains(&kept.id) || !kept.rounds.is_over();
            if is_affected && is_work_lost {
                kept.rounds.make_mut().server_work = None;
            }
            if is_affected && kept.rounds.link.settings().is_some() {
                let rounds = kept.rounds.make_mut();
                rounds.link = Link::Changed;
                rounds.link_revisions = rounds.link_revisions.map(LinkRevisions::changed);
                rounds.name += CHANGED;
            }
        }
    }

    /// The lab reported how long the server thought about the questions of a series, and what its design is, or that it does not know.
    pub(super) fn take_lab_response(&mut self, id: RoundsId, response: Option<SeriesResponse>) {
        if self.unreported == Some(id) {
            self.unreported = None;
        }
        let kept = self.kept.iter_mut().find(|kept| kept.id == id);
        if let (Some(kept), Some(response)) = (kept, response) {
            let rounds = kept.rounds.make_mut();
            rounds.thinking_mean = response.mean();
            rounds.provenance.server_design = response.server_design;
            if Route::of(&rounds.target) == Route::Straight {
                // The lab observed the series, so no tunnel was on its path.
                rounds.link = Link::None;
            }
        }
    }

    /// The lab reported how long its server works on each answer now: this was so when the newest series ended.
    pub(super) fn end_work(&mut self, now: Duration) {
        self.change_unreported_work(|is_over, work| {
            if is_over {
                work.end(now);
            }
        });
    }

    /// The person wants the server to work that long from now on.
    pub(super) fn change_work(&mut self, wanted: Duration) {
        self.change_unreported_work(|is_over, work| work.change(is_over, wanted));
    }

    /// Changes the work of the newest series that began here, as long as the lab was not asked about it.
    fn change_unreported_work(&mut self, change: impl FnOnce(bool, &mut ServerWork)) {
        let Some(newest) = self.kept.last_mut().filter(|newest| Some(newest.id) == self.unreported) else { return };
        let Some(before) = newest.rounds.server_work else { return };
        let mut work = before;
        change(newest.rounds.is_over(), &mut work);
        if work != before {
            newest.rounds.make_mut().server_work = Some(work);
        }
    }

    /// Ends the series that is running, if one is.
    pub(super) fn give_up(&mut self, status: RunStatus) {
        if let Some(id) = self.active {
            self.end(id, |_, _| status);
        }
    }

    /// Adds imported series, which are drawn unless a series is running: that stays the newest. Nothing is removed for them;
    /// of more than there is room for, the oldest are left out.
    pub(super) fn import(&mut self, mut imported: Vec<StoredRounds>) {
        imported.drain(..imported.len().saturating_sub(self.room()));
        let own = if self.is_running() { self.kept.pop() } else { None };
        self.kept.extend(imported.into_iter().chain(own));
        self.clean_overlays();
    }

    /// Takes what another tab did. The newest series stays the newest, and the one that is running is left alone.
    pub(super) fn take_from_elsewhere(&mut self, change: StoredElsewhere) {
        match change {
            StoredElsewhere::Stored(stored) if self.active != Some(stored.id) => {
                match self.kept.iter_mut().find(|kept| kept.id == stored.id) {
                    Some(known) => *known = stored,
                    None => self.kept.insert(self.kept.len().saturating_sub(1), stored),
                }
                self.remove_oldest();
            }
            StoredElsewhere::Removed(id) if self.active != Some(id) => {
                self.kept.retain(|kept| kept.id != id);
                self.clean_overlays();
            }
            StoredElsewhere::Stored(_) | StoredElsewhere::Removed(_) => {}
        }
    }

    /// Removes the oldest series that a person has not named and that is not the newest, if there are more than may be kept. A series
    /// without an answer displaces none.
    fn remove_oldest(&mut self) {
        if self.worth_keeping().count() > KEPT_MAX {
            let earlier = &self.kept[..self.kept.len() - 1];
            if let Some(oldest) = earlier.iter().position(|kept| !kept.is_named()) {
                self.kept.remove(oldest);
                self.has_lost = true;
                self.clean_overlays();
            }
        }
    }

    /// Only series that are kept, and are not the newest anyway, are overlaid on it.
    fn clean_overlays(&mut self) {
        let newest = self.newest().map(|newest| newest.id);
        let kept = &self.kept;
        self.overlaid.retain(|id| Some(*id) != newest && kept.iter().any(|kept| kept.id == *id));
    }

    fn toggle_overlay(&mut self, id: RoundsId) {
        if self.overlaid.contains(&id) {
            return self.overlaid.retain(|overlaid| *overlaid != id);
        }
        self.overlaid.push(id);
        self.clean_overlays();
        // The newest needs a look of its own.
        if self.overlaid.len() > SERIES_MAX - 1 {
            self.overlaid.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Connections, FailureKind};

    use super::*;

    const ROUND: Round = Round { asked: 600, connecting: 600, due: 600, ready: 600 };

    fn id(number: u32) -> RoundsId {
        RoundsId { number, ..RoundsId::default() }
    }

    fn begin(many: &mut ManyRounds, number: u32) {
        let plan = RoundsPlan::new(10, Connections::One, None);
        let clock = Clock { step: Duration::from_micros(5), isolated: true, cores: 2 };
        many.begin(id(number), begun(format!("Number {number}"), "ws://b/ws".to_owned(), plan, clock));
    }

    /// A number of series, each with an answer.
    fn series(count: u32) -> ManyRounds {
        let mut many = ManyRounds::default();
        for number in 1..=count {
            begin(&mut many, number);
            many.add(id(number), &[ROUND], &Failures::default());
            many.end(id(number), |_, _| RunStatus::Complete);
        }
        many
    }

    fn shown(many: &ManyRounds) -> Vec<u32> {
        many.shown().map(|kept| kept.id.number).collect()
    }

    fn kept(many: &ManyRounds) -> Vec<u32> {
        many.kept.iter().map(|kept| kept.id.number).collect()
    }

    #[test]
    fn rounds_are_counted_in_the_run_they_belong_to() {
        let mut many = ManyRounds::default();
        begin(&mut many, 1);
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: unknown question.");
        many.add(id(1), &[ROUND; 3], &failures);
        assert_eq!((many.kept[0].rounds.errors, &many.kept[0].rounds.failures), (1, &failures));
        begin(&mut many, 2);
        many.add(id(1), &[ROUND; 5], &Failures::default());
        many.end(id(1), |_, _| RunStatus::Complete);
        many.add(id(2), &[ROUND], &Failures::default());
        assert!(many.is_running());
        let stand = |index: usize| (many.kept[index].rounds.done(), many.kept[index].rounds.status.clone());
        assert_eq!((stand(0), stand(1)), ((4, RunStatus::Stopped), (1, RunStatus::Running)));
    }

    #[test]
    fn the_lab_is_asked_once_about_the_thinking_in_a_series() {
        let mut many = series(2);
        assert_eq!(many.unreported, Some(id(2)), "not about an earlier one");
        many.take_lab_response(id(1), None);
        assert_eq!(many.unreported, Some(id(2)), "a late reply about an earlier one");
        let (thinking, server_design) = (Duration::from_millis(50), Some("poll".to_owned()));
        many.take_lab_response(id(2), Some(SeriesResponse { answers: 10, thinking, server_design }));
        let mean = Some(Duration::from_millis(5));
        assert_eq!(many.kept[1].rounds.provenance.server_design.as_deref(), Some("poll"));
        let means: Vec<_> = many.kept.iter().map(|kept| kept.rounds.thinking_mean).collect();
        assert_eq!((means, many.unreported), (vec![None, mean], None));
        begin(&mut many, 3);
        many.take_lab_response(id(3), None);
        assert_eq!((many.kept[2].rounds.thinking_mean, many.unreported), (None, None), "the lab saw nothing");
    }

    #[test]
    fn what_brought_no_answer_goes_with_the_next() {
        let mut many = series(1);
        begin(&mut many, 2);
        many.end(id(2), |to, _| RunStatus::Broken(format!("{to} is gone")));
        assert_eq!(many.newest().unwrap().rounds.status, RunStatus::Broken("ws://b/ws is gone".to_owned()));
        begin(&mut many, 3);
        assert_eq!(kept(&many), [1, 3]);
    }

    #[test]
    fn at_most_four_are_drawn_and_the_newest_always_is() {
        let mut many = series(6);
        assert_eq!(shown(&many), [6]);
        [6, 3, 2, 1, 4].into_iter().for_each(|number| many.act(Action::OverlayToggled(id(number))));
        assert_eq!(shown(&many), [6, 2, 1, 4]);
        many.act(Action::OverlayToggled(id(1)));
        assert_eq!(shown(&many), [6, 2, 4]);
        many.act(Action::Removed(id(6)));
        assert_eq!(shown(&many), [5, 2, 4], "the newest of those that are left");
    }

    #[test]
    fn the_oldest_goes_and_it_is_known() {
        let many = series(KEPT_MAX as u32);
        assert!(!many.has_lost);
        let many = series(KEPT_MAX as u32 + 1);
        assert_eq!((many.kept.len(), many.kept[0].id, many.has_lost), (KEPT_MAX, id(2), true));
    }

    #[test]
    fn what_a_person_named_is_not_removed_for_a_new_series() {
        let mut many = series(KEPT_MAX as u32);
        for number in [1, 2] {
            many.act(Action::Renamed(id(number), "Kept".to_owned()));
        }
        let mut more = |number| {
            begin(&mut many, number);
            many.add(id(number), &[ROUND], &Failures::default());
            many.end(id(number), |_, _| RunStatus::Complete);
            kept(&many)[..3].to_vec()
        };
        assert_eq!(more(20), [1, 2, 4]);
        assert_eq!(more(21), [1, 2, 5]);
        for kept in &mut many.kept {
            kept.rounds.make_mut().is_named = Some(true);
        }
        begin(&mut many, 22);
        many.add(id(22), &[ROUND], &Failures::default());
        many.end(id(22), |_, _| RunStatus::Complete);
        assert_eq!((many.kept.len(), many.room()), (KEPT_MAX + 1, 0), "nothing was removed");
    }

    #[test]
    fn what_another_tab_stores_or_removes_is_so_here_too() {
        let mut many = series(2);
        let stored = |number| {
            let mut of_another = series(number);
            of_another.kept.pop().unwrap()
        };
        many.take_from_elsewhere(StoredElsewhere::Stored(stored(7)));
        assert_eq!(kept(&many), [1, 7, 2], "the newest stays the newest");
        let mut renamed = stored(1);
        renamed.rounds.make_mut().is_named = Some(true);
        many.take_from_elsewhere(StoredElsewhere::Stored(renamed));
        assert_eq!((kept(&many), many.kept[0].is_named()), (vec![1, 7, 2], true));
        many.take_from_elsewhere(StoredElsewhere::Removed(id(7)));
        assert_eq!(kept(&many), [1, 2]);
        begin(&mut many, 3);
        many.take_from_elsewhere(StoredElsewhere::Removed(id(3)));
        many.take_from_elsewhere(StoredElsewhere::Stored(stored(3)));
        assert!(many.is_running() && !many.kept[2].rounds.is_over(), "what is running is left alone");
    }

    #[test]
    fn a_series_without_an_answer_displaces_no_other_and_is_not_listed() {
        let mut many = series(KEPT_MAX as u32);
        begin(&mut many, 100);
        assert_eq!(many.worth_keeping().count(), KEPT_MAX + 1, "it may still get one");
        many.end(id(100), |_, _| RunStatus::Broken("no connection".to_owned()));
        assert_eq!((many.worth_keeping().count(), many.kept[0].id, many.has_lost), (KEPT_MAX, id(1), false));
        assert_eq!(many.newest().map(|newest| newest.id), Some(id(100)), "what became of it is shown");
    }

    #[test]
    fn what_is_brought_is_the_newest_unless_rounds_go_on() {
        let from_file = |numbers: std::ops::Range<u32>| -> Vec<StoredRounds> {
            let one = series(1).kept.remove(0);
            numbers.map(|number| StoredRounds { id: id(number), is_imported: true, ..one.clone() }).collect()
        };
        let mut many = series(1);
        many.import(from_file(100..102));
        assert_eq!(kept(&many), [1, 100, 101]);
        begin(&mut many, 2);
        many.import(from_file(200..210));
        assert_eq!((kept(&many)[..4].to_vec(), kept(&many).len()), (vec![1, 100, 101, 202], KEPT_MAX));
        many.add(id(2), &[ROUND], &Failures::default());
        assert_eq!(many.newest().map(|kept| (kept.id, kept.rounds.done())), Some((id(2), 1)));
    }

    #[test]
    fn names_change_within_bounds_and_what_goes_on_is_not_removed() {
        let mut many = series(1);
        many.act(Action::Renamed(id(1), "x".repeat(300)));
        assert_eq!(many.kept[0].rounds.name.len(), NAME_MAX);
        begin(&mut many, 2);
        many.act(Action::Removed(id(2)));
        assert_eq!(many.kept.len(), 2);
        many.act(Action::Removed(id(1)));
        assert_eq!(many.kept.len(), 1);
    }
}

//! The many rounds that the page keeps: which go on, which are drawn, how each changes.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::series::SERIES_MAX;
use launcelot_measure::{
    Failures, Interruptions, Link, LinkRevisions, Provenance, Round, Rounds, RoundsPlan, RunStatus, Stopwatch,
};

use crate::message::Clock;

/// So many are kept; after that the oldest goes.
pub const KEPT_MAX: usize = 12;

/// The longest name, in characters.
pub const NAME_MAX: usize = 80;

/// What is added where the wire became another one.
pub const CHANGED: &str = ", changed meanwhile";

/// For so many rounds there is room from the beginning.
const CAPACITY_MAX: u32 = 10_000;

/// Rounds that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// When they began, in milliseconds since 1970: it tells them from those of other tabs too.
    pub id: u64,
    /// The rounds.
    pub rounds: Rc<Rounds>,
    /// Whether they came from a file.
    pub is_imported: bool,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManyRounds {
    /// The newest last.
    pub kept: Vec<Kept>,
    /// The number of the worker's run that goes on, which is the newest.
    going: Option<u32>,
    /// The newest that began here, until the lab was asked how long the server thought about it.
    pub untold: Option<u64>,
    /// Those that are laid over the newest.
    laid: Vec<u64>,
    /// Where the stopwatch starts.
    pub stopwatch: Stopwatch,
    /// Whether the oldest had to go.
    pub has_lost: bool,
    /// Whether the browser could not store what was to be stored.
    pub is_unstored: bool,
}

/// What can happen to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// They began.
    Begun(u32, Kept),
    /// The person chose where the stopwatch starts.
    StopwatchChosen(Stopwatch),
    /// The person laid them over the newest, or took them away.
    LaidToggled(u64),
    /// The person named them.
    Renamed(u64, String),
    /// The person had enough of them.
    Removed(u64),
    /// The browser does not store them.
    Unstored,
    /// The person brought them in a file.
    Imported(Vec<Kept>),
}

/// Rounds of which none is over.
pub fn begun(name: String, target: String, plan: RoundsPlan, clock: Clock) -> Rounds {
    let answered = Vec::with_capacity(plan.rounds.min(CAPACITY_MAX) as usize);
    let (clock_step, cores) = (clock.step, clock.cores);
    Rounds {
        name,
        target,
        plan,
        clock_step,
        cores,
        answered,
        errors: 0,
        failures: Failures::default(),
        provenance: Provenance::default(),
        link: Link::None,
        link_revisions: None,
        thinking_mean: None,
        server_work: None,
        interruptions: Interruptions::default(),
        status: RunStatus::Running,
    }
}

impl ManyRounds {
    /// With what an earlier visit has left.
    pub fn with(kept: Vec<Kept>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Whether rounds go on.
    pub fn is_running(&self) -> bool {
        self.going.is_some()
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Kept> {
        self.kept.last()
    }

    /// Those that have an answer, or may still get one: of what brought no answer there is nothing to keep.
    pub fn worth_keeping(&self) -> impl DoubleEndedIterator<Item = &Kept> {
        self.kept.iter().filter(|kept| !kept.rounds.answered.is_empty() || !kept.rounds.is_over())
    }

    /// Those that are drawn: the newest, then those that are laid over it, in the order of the laying.
    pub fn shown(&self) -> impl Iterator<Item = &Kept> {
        let newest = self.newest();
        let laid = self.laid.iter().filter_map(|id| self.kept.iter().find(|kept| kept.id == *id));
        newest.into_iter().chain(laid.filter(move |laid| Some(laid.id) != newest.map(|newest| newest.id)))
    }

    /// Changes something.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Begun(number, begun) => self.begin(number, begun),
            Action::StopwatchChosen(stopwatch) => self.stopwatch = stopwatch,
            Action::LaidToggled(id) => self.toggle(id),
            Action::Renamed(id, name) => {
                if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id) {
                    Rc::make_mut(&mut kept.rounds).name = name.chars().take(NAME_MAX).collect();
                }
            }
            Action::Removed(id) => {
                let is_going = self.is_running() && self.newest().is_some_and(|newest| newest.id == id);
                if !is_going {
                    self.kept.retain(|kept| kept.id != id);
                    self.forget_what_is_gone();
                }
            }
            Action::Unstored => self.is_unstored = true,
            Action::Imported(brought) => self.import(brought),
        }
    }

    /// The worker told of rounds.
    pub fn hear(&mut self, number: u32, answered: &[Round], failures: &Failures) {
        if let Some(rounds) = self.going(number) {
            rounds.answered.extend_from_slice(answered);
            rounds.errors += failures.count();
            rounds.failures.extend(failures);
        }
    }

    /// Notes what interrupts the rounds that go on.
    pub fn interrupt(&mut self, interruptions: Interruptions) {
        if let Some(rounds) = self.going.and_then(|number| self.going(number)) {
            rounds.interruptions.add(interruptions);
        }
    }

    /// Rounds are over. `why` says how, who having been asked, and after which interruptions.
    pub fn end(&mut self, number: u32, why: impl FnOnce(&str, Interruptions) -> RunStatus) {
        if let Some(rounds) = self.going(number) {
            rounds.status = why(&rounds.target, rounds.interruptions);
            self.going = None;
            self.make_room();
        }
    }

    /// Through which wire those went that go on, or whose id is one of these, cannot be said: their names, which have told
    /// what it is like, say so.
    pub fn forget_wires(&mut self, ids: &[u64]) {
        for kept in &mut self.kept {
            let is_unsure = ids.contains(&kept.id) || !kept.rounds.is_over();
            if is_unsure && kept.rounds.link.settings().is_some() {
                let rounds = Rc::make_mut(&mut kept.rounds);
                rounds.link = Link::Changed;
                rounds.link_revisions = rounds.link_revisions.map(LinkRevisions::changed);
                rounds.name += CHANGED;
            }
        }
    }

    /// The lab said how long the server thought about a question of a series, or that it does not know.
    pub fn know_thinking(&mut self, id: u64, mean: Option<Duration>) {
        self.untold = None;
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == id) {
            Rc::make_mut(&mut kept.rounds).thinking_mean = mean;
        }
    }

    /// The lab said how long its server works on each answer now: this was so when the newest series ended.
    pub fn know_work(&mut self, now: Duration) {
        if let Some(rounds) = self.untold()
            && rounds.is_over()
            && let Some(work) = &mut rounds.server_work
        {
            work.end(now);
        }
    }

    /// The person wants the server to work that long from now on.
    pub fn change_work(&mut self, wanted: Duration) {
        if let Some(rounds) = self.untold() {
            let is_over = rounds.is_over();
            if let Some(work) = &mut rounds.server_work {
                work.change(is_over, wanted);
            }
        }
    }

    /// The newest that began here, as long as the lab was not asked about it.
    fn untold(&mut self) -> Option<&mut Rounds> {
        let newest = self.kept.last_mut().filter(|newest| Some(newest.id) == self.untold)?;
        Some(Rc::make_mut(&mut newest.rounds))
    }

    /// Whatever goes on will not.
    pub fn give_up(&mut self, status: RunStatus) {
        if let Some(number) = self.going {
            self.end(number, |_, _| status);
        }
    }

    fn begin(&mut self, number: u32, begun: Kept) {
        self.give_up(RunStatus::Stopped);
        self.kept.retain(|kept| !kept.rounds.answered.is_empty());
        self.untold = Some(begun.id);
        self.kept.push(begun);
        self.going = Some(number);
        self.forget_what_is_gone();
    }

    /// Removes the oldest, if more are kept than may be. A series without an answer displaces none.
    fn make_room(&mut self) {
        if self.worth_keeping().count() > KEPT_MAX {
            self.kept.remove(0);
            self.has_lost = true;
            self.forget_what_is_gone();
        }
    }

    /// What is brought is drawn, unless rounds go on: those stay the newest. For what is brought nothing has to go; of
    /// more than there is room for the oldest is left out.
    fn import(&mut self, mut brought: Vec<Kept>) {
        let room = KEPT_MAX.saturating_sub(self.kept.len());
        brought.drain(..brought.len().saturating_sub(room));
        let own = if self.is_running() { self.kept.pop() } else { None };
        self.kept.extend(brought.into_iter().chain(own));
        self.forget_what_is_gone();
    }

    /// Only what is there and is not the newest anyway is laid over it.
    fn forget_what_is_gone(&mut self) {
        let newest = self.newest().map(|newest| newest.id);
        let kept = &self.kept;
        self.laid.retain(|id| Some(*id) != newest && kept.iter().any(|kept| kept.id == *id));
    }

    fn toggle(&mut self, id: u64) {
        if self.laid.contains(&id) {
            return self.laid.retain(|laid| *laid != id);
        }
        self.laid.push(id);
        self.forget_what_is_gone();
        // The newest needs a look of its own.
        if self.laid.len() > SERIES_MAX - 1 {
            self.laid.remove(0);
        }
    }

    /// The rounds that go on, if they are those of this run: what comes late changes nothing.
    fn going(&mut self, number: u32) -> Option<&mut Rounds> {
        let newest = self.kept.last_mut()?;
        (self.going == Some(number)).then(|| Rc::make_mut(&mut newest.rounds))
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Connections, FailureKind};

    use super::*;

    impl Kept {
        fn with_id(&self, id: u64) -> Self {
            Self { id, ..self.clone() }
        }
    }

    const ROUND: Round = Round { asked: 600, connecting: 600, due: 600, ready: 600 };

    fn begun(id: u64) -> Action {
        let plan = RoundsPlan::new(10, Connections::One, None);
        let clock = Clock { step: Duration::from_micros(5), isolated: true, cores: 2 };
        let rounds = super::begun(format!("Number {id}"), "ws://b/ws".to_owned(), plan, clock);
        Action::Begun(u32::try_from(id).unwrap(), Kept { id, rounds: Rc::new(rounds), is_imported: false })
    }

    /// So many runs, each with an answer.
    fn runs(count: u32) -> ManyRounds {
        let mut many = ManyRounds::default();
        for number in 1..=count {
            many.act(begun(number.into()));
            many.hear(number, &[ROUND], &Failures::default());
            many.end(number, |_, _| RunStatus::Complete);
        }
        many
    }

    fn ids(many: &ManyRounds) -> Vec<u64> {
        many.shown().map(|kept| kept.id).collect()
    }

    #[test]
    fn rounds_are_counted_in_the_run_they_belong_to() {
        let mut many = ManyRounds::default();
        many.act(begun(1));
        let mut failures = Failures::default();
        failures.add(FailureKind::ErrorAnswer, "Error: unknown question.");
        many.hear(1, &[ROUND; 3], &failures);
        assert_eq!((many.kept[0].rounds.errors, &many.kept[0].rounds.failures), (1, &failures));
        many.act(begun(2));
        many.hear(1, &[ROUND; 5], &Failures::default());
        many.end(1, |_, _| RunStatus::Complete);
        many.hear(2, &[ROUND], &Failures::default());
        assert!(many.is_running());
        let stand = |index: usize| (many.kept[index].rounds.done(), many.kept[index].rounds.status.clone());
        assert_eq!((stand(0), stand(1)), ((4, RunStatus::Stopped), (1, RunStatus::Running)));
    }

    #[test]
    fn the_lab_is_asked_once_about_the_thinking_in_a_series() {
        let mut many = runs(2);
        assert_eq!(many.untold, Some(2), "not about an earlier one");
        let mean = Some(Duration::from_millis(5));
        many.know_thinking(2, mean);
        let means: Vec<_> = many.kept.iter().map(|kept| kept.rounds.thinking_mean).collect();
        assert_eq!((means, many.untold), (vec![None, mean], None));
        many.act(begun(3));
        many.know_thinking(3, None);
        assert_eq!((many.kept[2].rounds.thinking_mean, many.untold), (None, None), "the lab saw nothing");
    }

    #[test]
    fn what_brought_no_answer_goes_with_the_next() {
        let mut many = runs(1);
        many.act(begun(2));
        many.end(2, |to, _| RunStatus::Broken(format!("{to} is gone")));
        assert_eq!(many.newest().unwrap().rounds.status, RunStatus::Broken("ws://b/ws is gone".to_owned()));
        many.act(begun(3));
        assert_eq!(many.kept.iter().map(|kept| kept.id).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn at_most_four_are_drawn_and_the_newest_always_is() {
        let mut many = runs(6);
        assert_eq!(ids(&many), [6]);
        [6, 3, 2, 1, 4].into_iter().for_each(|id| many.act(Action::LaidToggled(id)));
        assert_eq!(ids(&many), [6, 2, 1, 4]);
        many.act(Action::LaidToggled(1));
        assert_eq!(ids(&many), [6, 2, 4]);
        many.act(Action::Removed(6));
        assert_eq!(ids(&many), [5, 2, 4], "the newest of those that are left");
    }

    #[test]
    fn the_oldest_goes_and_it_is_known() {
        let many = runs(KEPT_MAX as u32);
        assert!(!many.has_lost);
        let many = runs(KEPT_MAX as u32 + 1);
        assert_eq!((many.kept.len(), many.kept[0].id, many.has_lost), (KEPT_MAX, 2, true));
    }

    #[test]
    fn a_series_without_an_answer_displaces_no_other_and_is_not_listed() {
        let mut many = runs(KEPT_MAX as u32);
        many.act(begun(100));
        assert_eq!(many.worth_keeping().count(), KEPT_MAX + 1, "it may still get one");
        many.end(100, |_, _| RunStatus::Broken("no connection".to_owned()));
        assert_eq!((many.worth_keeping().count(), many.kept[0].id, many.has_lost), (KEPT_MAX, 1, false));
        assert_eq!(many.newest().map(|newest| newest.id), Some(100), "what became of it is shown");
    }

    #[test]
    fn what_is_brought_is_the_newest_unless_rounds_go_on() {
        let brought = |ids: std::ops::Range<u64>| Action::Imported(ids.map(|id| runs(1).kept[0].with_id(id)).collect());
        let ids = |many: &ManyRounds| many.kept.iter().map(|kept| kept.id).collect::<Vec<_>>();
        let mut many = runs(1);
        many.act(brought(100..102));
        assert_eq!(ids(&many), [1, 100, 101]);
        many.act(begun(2));
        many.act(brought(200..210));
        assert_eq!((ids(&many)[..4].to_vec(), ids(&many).len()), (vec![1, 100, 101, 202], KEPT_MAX));
        many.hear(2, &[ROUND], &Failures::default());
        assert_eq!(many.newest().map(|kept| (kept.id, kept.rounds.done())), Some((2, 1)));
    }

    #[test]
    fn names_change_within_bounds_and_what_goes_on_is_not_removed() {
        let mut many = runs(1);
        many.act(Action::Renamed(1, "x".repeat(300)));
        assert_eq!(many.kept[0].rounds.name.len(), NAME_MAX);
        many.act(begun(2));
        many.act(Action::Removed(2));
        assert_eq!(many.kept.len(), 2);
        many.act(Action::Removed(1));
        assert_eq!(many.kept.len(), 1);
    }
}

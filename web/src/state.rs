//! Everything that the page shows, and how it changes.
//!
//! The parts are [`Shared`], so a copy of the state is cheap, and a component whose part has not changed is not rendered again.
//!
//! - [`runs`]: the single runs, each a [`run_record`]; [`race`]: those of a race; [`rounds`]: the series of rounds.
//! - [`lab`]: the lab, and the link that a person wants; `from_lab` takes its replies.
//! - `begin` begins what a person asks for, and what is due after it; `from_worker` takes what the worker measured.
//! - [`import`]: what a file contained. [`restore`]: what earlier visits have left. [`player`]: slow motion, which is a state of its own.

mod begin;
mod from_lab;
mod from_worker;
pub mod ids;
pub mod import;
pub mod lab;
pub mod player;
pub mod race;
pub mod restore;
pub mod rounds;
pub mod run_record;
pub mod runs;
pub mod sliders;
#[cfg(test)]
pub(crate) mod test_state;
#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::time::Duration;

use launcelot_measure::export::Document;
use launcelot_measure::{Interruptions, Order, Provenance, RoundsPlan, RunStatus};
use launcelot_protocol::Question;
use yew::Reducible;

use crate::bridge::{Bridge, Route};
use crate::lab::{Reply, Request};
use crate::load::{LoadReport, REPORTS_MAX};
use crate::message::{Clock, FromWorker, ToWorker};
use crate::shared::Shared;
use crate::text::{self, busy};
use ids::{PageId, RoundsId, RunId};
use lab::{Lab, Presence};
use race::Race;
use restore::Restored;
use rounds::{ManyRounds, StoredElsewhere, StoredRounds};
use run_record::{Circumstances, Legs, RunRecord};
use runs::Runs;

const HIDDEN: Interruptions = Interruptions { was_hidden: true, was_suspended: false };
const SUSPENDED: Interruptions = Interruptions { was_hidden: false, was_suspended: true };

/// Everything that the page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    page: PageId,
    bridge: Shared<Bridge>,
    /// The worker's clock, once it has started.
    pub clock: Option<Clock>,
    /// Why the page cannot ask at all, if it cannot.
    pub broken: Option<Rc<str>>,
    is_hidden: bool,
    /// Whether the browser is about to leave the page, so that its connections end.
    is_leaving: bool,
    /// Whether the person has stopped the race, which may be between two of its heats.
    is_race_stopping: bool,
    /// The order in which the next run asks.
    pub order: Order,
    /// The lab behind the bridge, and the route through it.
    pub lab: Lab,
    /// The single runs.
    pub runs: Shared<Runs>,
    /// The race of three ways to ask.
    pub race: Shared<Race>,
    /// Races from files and from other tabs, the newest last.
    pub other_races: Vec<Shared<Race>>,
    /// Whether the browser could not store a run or a race.
    pub are_runs_unstored: bool,
    /// The series of rounds.
    pub rounds: Shared<ManyRounds>,
    /// The reports on loads of many clients, the newest last.
    pub loads: Vec<Shared<LoadReport>>,
    /// Orders that the worker has not been given, the oldest first.
    pub orders: Vec<Shared<ToWorker>>,
    /// The provenance of what begins now.
    provenance: Provenance,
    /// When the run that ended last began, since 1970.
    began: Option<(RunId, Duration)>,
    last_run: RunId,
    last_rounds: u32,
    last_race: u32,
    /// The runs and the series that have begun since the lab last reported the link.
    unconfirmed_runs: Vec<RunId>,
    unconfirmed_rounds: Vec<RoundsId>,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The worker sent a message.
    WorkerSent(FromWorker),
    /// The worker did not start, or failed.
    WorkerBroke(String),
    /// The worker has had enough time to start.
    WorkerDue,
    /// The policy of the page forbids it to connect to the bridge.
    ConnectionForbidden,
    /// The first orders, as many as this, were sent to the worker.
    OrdersSent(usize),
    /// The tab was hidden, or is visible again.
    Hidden(bool),
    /// The browser has suspended the page for a time.
    Suspended,
    /// The browser is about to leave the page.
    Leaving,
    /// What begins from now on has this provenance.
    ProvenanceSet(Provenance),
    /// The person chose an order.
    OrderChosen(Order),
    /// The person asked these questions.
    Asked(Vec<Question>),
    /// The person began a race.
    Raced,
    /// The person began a series of rounds.
    RoundsAsked(RoundsPlan),
    /// The person stopped what is running.
    Stopped,
    /// The person compared a run with the newest, or had enough of that.
    CompareToggled(RunId),
    /// The person removed an earlier run.
    RunRemoved(RunId),
    /// The person, or the page, did something to the lab.
    Lab(lab::Action),
    /// The lab replied.
    LabReplied(Reply),
    /// The person did something to a series of rounds.
    Rounds(rounds::Action),
    /// Whether the browser has stored all runs and races that it was given.
    RunsStored(bool),
    /// Whether the browser has stored all series of rounds.
    RoundsStored(bool),
    /// Another tab changed a series of rounds in the storage that both share.
    RoundsStoredElsewhere(StoredElsewhere),
    /// The person imported a document.
    Imported(Rc<Document>),
    /// The runs and races that earlier visits have left were read.
    Restored(Rc<Restored>),
    /// A file with the result of a load was imported.
    LoadImported(Shared<LoadReport>),
    /// The person removed the load with this number.
    LoadRemoved(u32),
    /// The person cleared everything.
    Cleared,
}

impl State {
    /// Creates the state of a page whose bridge has these URLs, with the series of rounds that an earlier visit has left.
    pub fn new(page: PageId, bridge: Bridge, kept: Vec<StoredRounds>) -> Self {
        let (bridge, rounds) = (Shared::new(bridge), Shared::new(ManyRounds::new(kept)));
        Self { page, bridge, rounds, ..Self::default() }
    }

    /// Counts runs and races on from those that earlier visits have left, which are read later.
    pub fn continuing(mut self, last_run: u32, last_race: u32) -> Self {
        self.runs.change(|runs| runs.continue_from(last_run));
        self.last_race = last_race;
        self
    }

    /// Whether something is running: a single run, the race, or a series of rounds.
    pub fn is_running(&self) -> bool {
        self.runs.are_active() || self.race.is_running() || self.rounds.is_running()
    }

    /// Returns why nothing can be asked now, in words; `None` if something can.
    pub fn busy(&self) -> Option<&'static str> {
        if self.broken.is_some() {
            Some(busy::BROKEN)
        } else if self.clock.is_none() {
            Some(busy::NO_CLOCK)
        } else {
            self.is_running().then_some(busy::RUNNING)
        }
    }

    /// Whether something can be asked now.
    pub fn is_ready(&self) -> bool {
        self.busy().is_none()
    }

    /// Returns the races: those from files, and then this page's own, which may not have begun.
    pub fn races(&self) -> impl DoubleEndedIterator<Item = &Shared<Race>> {
        self.other_races.iter().chain([&self.race])
    }

    /// Returns what the lab should be asked next. It is left alone while something is running.
    pub fn request(&self) -> Option<Request> {
        let is_idle = !self.is_running();
        self.lab.request(is_idle).or_else(|| {
            self.lab.report().filter(|_| is_idle && self.lab.is_free())?;
            if let Some(id) = self.rounds.unreported {
                return Some(Request::Series(id));
            }
            let pending = self.runs.iter().chain(self.race.raced()).find(|record| record.legs.are_pending())?;
            Some(Request::Trace(pending.id, pending.dialogue.clone()))
        })
    }

    /// Returns the newest run, once it is over and nothing more is to be learned of its legs, and when it began, since 1970.
    pub fn finished_run(&self) -> Option<(Shared<RunRecord>, Duration)> {
        let (id, began) = self.began?;
        let newest = self.runs.newest()?;
        let is_finished = newest.id == id && !newest.is_active() && !newest.legs.are_pending();
        is_finished.then(|| (newest.clone(), began))
    }

    /// Returns everything that was measured and is over, as it is exported.
    pub fn document(&self) -> Document {
        let runs = self.runs.iter().filter(|record| record.run.is_over());
        let rounds = self.rounds.worth_keeping().filter(|kept| kept.rounds.is_over());
        Document {
            runs: runs.map(|record| record.recorded()).collect(),
            races: self.races().filter_map(|race| race.exported()).collect(),
            rounds: rounds.map(|kept| (*kept.rounds).clone()).collect(),
            ..Document::default()
        }
    }

    /// Returns all series that are over as they are exported for a spreadsheet, also those without an answered round.
    pub fn ended_series(&self) -> Document {
        let rounds = self.rounds.kept.iter().filter(|kept| kept.rounds.is_over());
        Document { rounds: rounds.map(|kept| (*kept.rounds).clone()).collect(), ..Document::default() }
    }

    /// Returns the circumstances in which a run begins now.
    fn circumstances(&self) -> Circumstances {
        Circumstances {
            page: self.page,
            clock: self.clock,
            legs: if self.lab.presence == Presence::Absent { Legs::Unknown } else { Legs::Pending },
            link: self.lab.link(),
            has_lab: self.lab.report().is_some(),
            revision: self.lab.revision(),
            work: self.lab.work_time(),
            provenance: self.provenance.clone(),
        }
    }

    /// Changes the runs that `concerns` selects, also those of the race. The others stay the same allocation.
    fn change_runs(&mut self, concerns: &dyn Fn(&RunRecord) -> bool, change: &mut dyn FnMut(&mut RunRecord)) {
        if self.runs.iter().any(|record| concerns(record)) {
            let all = self.runs.make_mut().iter_mut();
            all.filter(|record| concerns(record)).for_each(|record| change(record.make_mut()));
        }
        if self.race.raced().any(|record| concerns(record)) {
            let all = self.race.make_mut().raced_mut();
            all.filter(|record| concerns(record)).for_each(|record| change(record.make_mut()));
        }
    }

    /// Records an interruption in everything that is running.
    fn interrupt(&mut self, interruptions: Interruptions) {
        self.change_runs(&RunRecord::is_active, &mut |record| record.run.interruptions.add(interruptions));
        self.rounds.change(|rounds| rounds.interrupt(interruptions));
    }

    fn break_down(&mut self, why: &str) {
        let broken = RunStatus::Broken(why.to_owned());
        self.change_runs(&RunRecord::is_active, &mut |record| record.run.status = broken.clone());
        self.race.change(|race| race.give_up(&broken));
        self.rounds.change(|rounds| rounds.give_up(broken));
        self.broken = Some(why.into());
    }

    /// Whether one single run has begun in this visit.
    pub fn has_one_run(&self) -> bool {
        let is_own = |record: &&Shared<RunRecord>| record.entry.page == self.page && !record.is_imported;
        self.runs.iter().filter(is_own).count() == 1
    }

    /// Whether there is nothing that could be cleared.
    pub fn is_empty(&self) -> bool {
        let has_races = self.races().any(|race| !race.url.is_empty());
        self.runs.newest().is_none() && !has_races && self.rounds.kept.is_empty() && self.loads.is_empty()
    }

    /// Removes everything that was measured or imported, unless something is running. Numbers go on where they were.
    fn clear(&mut self) {
        if self.is_running() {
            return;
        }
        self.runs.change(Runs::clear);
        self.race = Shared::default();
        self.other_races.clear();
        self.rounds.change(ManyRounds::clear);
        self.loads.clear();
        self.unconfirmed_runs.clear();
        self.unconfirmed_rounds.clear();
    }

    fn act_on_lab(&mut self, action: lab::Action) {
        match action {
            lab::Action::Wished(link) if self.lab.link() != Some(link) => {
                self.link_changed(&[], false, &RunRecord::is_active);
            }
            lab::Action::WorkWished(wanted) => {
                self.change_runs(&RunRecord::has_open_work, &mut |record| record.change_work(wanted));
                self.rounds.change(|rounds| rounds.change_work(wanted));
            }
            _ => {}
        }
        self.lab.act(action);
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::WorkerSent(message) => self.take_from_worker(message),
            Action::WorkerBroke(why) => self.break_down(&why),
            Action::WorkerDue => {
                if self.clock.is_none() && self.broken.is_none() {
                    self.broken = Some(text::mishap::WORKER_LATE.into());
                }
            }
            Action::ConnectionForbidden => {
                let why = text::mishap::forbidden(self.bridge.url(Route::Straight), self.bridge.is_elsewhere());
                self.break_down(&why);
            }
            Action::OrdersSent(count) => drop(self.orders.drain(..count)),
            Action::Hidden(is_hidden) => {
                if self.is_hidden && !is_hidden {
                    self.lab.came_to_front();
                }
                self.is_hidden = is_hidden;
            }
            Action::Suspended => {
                // The page is here again, so what ends now does not end because it is left.
                self.is_leaving = false;
                self.interrupt(SUSPENDED);
            }
            Action::Leaving => self.is_leaving = true,
            Action::ProvenanceSet(provenance) => self.provenance = provenance,
            Action::OrderChosen(order) => self.order = order,
            Action::Asked(questions) => self.ask(questions),
            Action::Raced => self.begin_race(),
            Action::RoundsAsked(plan) => self.ask_in_rounds(plan),
            Action::Stopped => self.stop(),
            Action::CompareToggled(id) => self.runs.change(|runs| runs.toggle_compared(id)),
            Action::RunRemoved(id) => self.runs.change(|runs| runs.remove(id)),
            Action::Lab(action) => self.act_on_lab(action),
            Action::LabReplied(reply) => self.take_from_lab(reply),
            Action::Rounds(action) => self.rounds.change(|rounds| rounds.act(action)),
            Action::RunsStored(are_stored) => self.are_runs_unstored = !are_stored,
            Action::RoundsStored(are_stored) => self.rounds.change(|rounds| rounds.is_unstored = !are_stored),
            Action::RoundsStoredElsewhere(change) => self.rounds.change(|rounds| rounds.take_from_elsewhere(change)),
            Action::Imported(document) => self.import(&document),
            Action::Restored(restored) => self.restore(&restored),
            Action::LoadImported(report) => {
                self.loads.push(report);
                let too_many = self.loads.len().saturating_sub(REPORTS_MAX);
                self.loads.drain(..too_many);
            }
            Action::LoadRemoved(number) => self.loads.retain(|report| report.number != number),
            Action::Cleared => self.clear(),
        }
        self.begin_what_is_due();
        if self.is_hidden {
            self.interrupt(HIDDEN);
        }
    }
}

impl Reducible for State {
    type Action = Action;

    /// Returns the same allocation if nothing has changed: then nothing is rendered.
    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = Self::clone(&self);
        next.apply(action);
        if next == *self { self } else { Rc::new(next) }
    }
}

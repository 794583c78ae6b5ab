//! What begins, and the orders for the worker that this takes.

use launcelot_measure::{Link, LinkRevisions, Order, Rounds, RoundsPlan, ServerWork};
use launcelot_protocol::{EXCHANGES, Question};

use super::State;
use super::ids::{EntryId, RoundsId, RunId};
use super::race::{Heat, Race};
use super::rounds;
use super::run_record::{NewRun, RunRecord};
use crate::bridge::Route;
use crate::lab::series_name;
use crate::message::{Ask, ToWorker};
use crate::shared::Shared;
use crate::text;

impl State {
    /// Begins a single run, if the page is ready.
    pub(super) fn ask(&mut self, questions: Vec<Question>) {
        if !self.is_ready() {
            return;
        }
        let number = self.runs.make_mut().next_number();
        let questions = questions.into_iter().map(String::from).collect();
        let url = self.url().to_owned();
        let new = self.new_run(number, url, self.order, questions);
        let ask = ask_of(&new);
        let record = RunRecord::begun(new, &self.circumstances());
        self.unconfirmed_runs.push(record.id);
        self.runs.make_mut().begin(record);
        self.order_worker(ToWorker::Ask(vec![ask]));
    }

    /// Begins a race, if the page is ready. Its first heat is due then.
    pub(super) fn begin_race(&mut self) {
        if self.is_ready() {
            self.is_race_stopping = false;
            let entry = self.next_race();
            self.race = Shared::new(Race::begun(self.url().to_owned(), entry));
        }
    }

    /// Begins a series of rounds, if the page is ready.
    pub(super) fn ask_in_rounds(&mut self, plan: RoundsPlan) {
        let Some(clock) = self.clock.filter(|_| self.is_ready()) else { return };
        let id = self.next_rounds();
        let url = self.url().to_owned();
        let is_through_tunnel = self.lab.route == Route::Tunnel;
        let settings = self.lab.link().filter(|_| is_through_tunnel);
        let is_direct = self.lab.report().is_some() && !is_through_tunnel;
        let name = text::rounds::name(&plan, &text::link::route(self.lab.route, settings));
        let others: Vec<&str> = self.rounds.kept.iter().map(|kept| kept.rounds.name.as_str()).collect();
        let name = text::rounds::unique_name(name, &others);
        self.order_worker(ToWorker::Rounds { id, url: format!("{url}?series={}", series_name(id)), plan });
        let revision = self.lab.revision().filter(|_| settings.is_some());
        let rounds = Rounds {
            provenance: self.provenance.clone(),
            link: if is_direct { Link::None } else { Link::new(settings, None) },
            link_revisions: revision.map(LinkRevisions::unchanged),
            server_work: self.lab.work_time().map(ServerWork::begun),
            ..rounds::begun(name, url, plan, clock)
        };
        self.unconfirmed_rounds.push(id);
        self.rounds.make_mut().begin(id, rounds);
    }

    /// Has the worker stop what is running, if something is.
    pub(super) fn stop(&mut self) {
        if self.is_running() {
            self.is_race_stopping = true;
            self.order_worker(ToWorker::Stop);
        }
    }

    /// Begins the next heat of the race, or the quiet run by which the tunnel is measured, if it is time for that.
    pub(super) fn begin_what_is_due(&mut self) {
        if let Some(heat) = self.race.due() {
            self.begin_heat(heat);
        } else if self.lab.lacks_a_measurement() && self.is_ready() && self.request().is_none() {
            self.probe();
        }
    }

    fn begin_heat(&mut self, heat: Heat) {
        let circumstances = self.circumstances();
        let mut asks = Vec::new();
        let mut records = Vec::new();
        for ((order, questions), number) in heat.runs().into_iter().zip(1..) {
            let new = self.new_run(number, self.race.url.clone(), order, questions);
            asks.push(ask_of(&new));
            records.push(RunRecord::begun(new, &circumstances));
        }
        self.unconfirmed_runs.extend(records.iter().map(|record| record.id));
        self.race.make_mut().begin_heat(heat, records);
        self.order_worker(ToWorker::Ask(asks));
        if self.is_race_stopping {
            // The heat that was to be stopped ended before the worker received the order.
            self.order_worker(ToWorker::Stop);
        }
    }

    /// Sends the three questions through the tunnel, so that the tunnel measures itself. The page does not show this run.
    fn probe(&mut self) {
        let run = self.next_run();
        let ask = Ask {
            run,
            url: self.bridge.url(Route::Tunnel).to_owned(),
            order: Order::OneAtATime,
            questions: EXCHANGES.map(|exchange| exchange.question.to_owned()).to_vec(),
        };
        self.lab.probing(run);
        self.order_worker(ToWorker::Ask(vec![ask]));
    }

    fn new_run(&mut self, number: u32, url: String, order: Order, questions: Vec<String>) -> NewRun {
        let id = self.next_run();
        let dialogue = format!("page-{}-{id}", self.page);
        NewRun { id, number, dialogue, url, order, questions }
    }

    pub(super) fn next_run(&mut self) -> RunId {
        self.last_run.0 += 1;
        self.last_run
    }

    pub(super) fn next_rounds(&mut self) -> RoundsId {
        self.last_rounds += 1;
        RoundsId { page: self.page, number: self.last_rounds }
    }

    /// Returns the identity of the next race in the browser's storage.
    pub(super) fn next_race(&mut self) -> EntryId {
        self.last_race += 1;
        EntryId { position: self.last_race, page: self.page, number: self.last_race }
    }

    /// Returns the URL of the bridge on the chosen route.
    pub fn url(&self) -> &str {
        self.bridge.url(self.lab.route)
    }

    fn order_worker(&mut self, order: ToWorker) {
        // The page is still here, so it was not left.
        self.is_leaving = false;
        self.orders.push(Shared::new(order));
    }
}

/// Returns the order to ask in a run. The lab reads the name of the dialogue in the URL.
fn ask_of(new: &NewRun) -> Ask {
    Ask {
        run: new.id,
        url: format!("{}?dialogue={}", new.url, new.dialogue),
        order: new.order,
        questions: new.questions.clone(),
    }
}

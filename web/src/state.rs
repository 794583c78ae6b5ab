//! Everything that the page shows, and how it changes.

pub mod import;
pub mod lab;
mod numbered;
pub mod player;
pub mod race;
pub mod rounds;
pub mod sliders;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use launcelot_measure::export::Document;
use launcelot_measure::{Interruptions, Order, Provenance, Run, RunStatus};
use launcelot_protocol::Question;
use yew::Reducible;

use crate::lab::{Reply, Request};
use crate::message::{Ask, Clock, Ended, FromWorker, RunEnd, RunProgress};
use crate::words;
pub use lab::Legs;
use lab::{Lab, Presence};
pub use numbered::{CLIENT, Circumstances, Numbered};
use race::Race;
use rounds::{Kept, ManyRounds};

/// So many runs are kept; after that the oldest goes.
pub const RUNS_MAX: usize = 50;

const HIDDEN: Interruptions = Interruptions { was_hidden: true, was_suspended: false };
const SUSPENDED: Interruptions = Interruptions { was_hidden: false, was_suspended: true };

/// Everything that the page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// What the worker said of its clock, once it has started.
    pub clock: Option<Clock>,
    /// Why the page cannot ask at all, if it cannot.
    pub broken: Option<String>,
    /// Whether the tab is out of sight.
    pub is_hidden: bool,
    /// The order in which the next run asks.
    pub order: Order,
    /// The lab behind the bridge, and the route through it.
    pub lab: Lab,
    /// The race of three ways to ask.
    pub race: Race,
    /// Races from files, the newest last.
    pub imported_races: Vec<Race>,
    /// The runs, the newest last. The newest is the one in the table.
    pub runs: VecDeque<Numbered>,
    /// The number of the run that was over last, and when it began, since 1970.
    pub begun: Option<(u32, Duration)>,
    /// The numbers of the runs that are laid below the newest.
    pub ghosts: Vec<u32>,
    /// The many rounds.
    pub rounds: ManyRounds,
    /// The numbers of the runs, and the ids of the rounds, that have begun since the lab said how its wire is. Ids are much
    /// larger than numbers.
    unsure: Vec<u64>,
    /// The provenance of the runs that begin next.
    provenance: Provenance,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The worker spoke.
    Heard(FromWorker),
    /// The worker did not start, or broke.
    WorkerBroke(String),
    /// The tab came into sight, or went out of it.
    Hidden(bool),
    /// The browser has suspended the page for a time.
    Suspended,
    /// The person chose an order.
    OrderChosen(Order),
    /// Sets the provenance of the runs that begin next.
    ProvenanceSet(Provenance),
    /// The person asked.
    Asked {
        /// The number of the run, larger than any before.
        number: u32,
        /// Who is asked.
        url: String,
        /// Whether questions wait for the answers before them.
        order: Order,
        /// What.
        questions: Vec<Question>,
        /// By what name the lab is to know the dialogue.
        dialogue: String,
    },
    /// The person laid a run below the newest, or took it away.
    GhostToggled(u32),
    /// Something happened to the lab.
    Lab(lab::Action),
    /// Something happened to the race.
    Race(race::Action),
    /// The lab replied.
    LabReplied(Reply),
    /// Something happened to the many rounds.
    Rounds(rounds::Action),
    /// The person brought a document.
    Imported {
        /// The number of the first run in it, larger than any before.
        number: u32,
        /// The number of the first run of its races, which nobody counts.
        unseen: u32,
        /// What is in it.
        document: Rc<Document>,
    },
}

impl State {
    /// With the rounds that an earlier visit has left.
    pub fn with(kept: Vec<Kept>) -> Self {
        Self { rounds: ManyRounds::with(kept), ..Self::default() }
    }

    /// The newest run.
    pub fn newest(&self) -> Option<&Numbered> {
        self.runs.back()
    }

    /// Whether anything goes on: asking once, the race, or asking many times.
    pub fn is_running(&self) -> bool {
        self.is_asking_once() || self.race.is_running() || self.rounds.is_running()
    }

    /// Whether the newest run goes on.
    pub fn is_asking_once(&self) -> bool {
        self.newest().is_some_and(|newest| !newest.run.is_over())
    }

    /// The races: those from files, and then one's own, which may not have begun.
    pub fn races(&self) -> impl DoubleEndedIterator<Item = &Race> {
        self.imported_races.iter().chain([&self.race])
    }

    /// The runs that are laid below the newest, the oldest first.
    pub fn ghosts(&self) -> impl Iterator<Item = &Numbered> {
        let newest = self.newest().map(|newest| newest.number);
        self.runs.iter().filter(move |run| self.ghosts.contains(&run.number) && Some(run.number) != newest)
    }

    /// What the lab is to be asked next. While a run goes on it is left alone.
    pub fn request(&self) -> Option<Request> {
        let is_idle = !self.is_running();
        self.lab.request(is_idle).or_else(|| {
            self.lab.report().filter(|_| is_idle && self.lab.is_free())?;
            if let Some(id) = self.rounds.untold {
                return Some(Request::Series(id));
            }
            let pending = self.runs.iter().chain(self.race.raced()).find(|numbered| numbered.legs.are_pending())?;
            Some(Request::Trace(pending.number, pending.dialogue.clone()))
        })
    }

    fn hear_the_lab(&mut self, reply: Reply) {
        match reply {
            Reply::Tunnel(report) => {
                let (wire, revision) = (self.lab.wire(), self.lab.revision());
                self.lab.hear(report);
                let became_another =
                    revision.is_some() && report.is_some_and(|report| Some(report.revision) != revision);
                if became_another || (wire.is_some() && wire != self.lab.wire()) {
                    // Another client has changed it. Only the traces of the latest runs tell before which of them.
                    let unsure = std::mem::take(&mut self.unsure);
                    self.forget_wires(&unsure, &|numbered| unsure.contains(&numbered.number.into()));
                }
                if !self.is_running() {
                    self.unsure.clear();
                }
                if report.is_none() {
                    // Whoever could have told is not there.
                    self.each_run(&mut |numbered| {
                        if numbered.legs.are_pending() {
                            numbered.legs = Legs::Unknown;
                        }
                    });
                }
            }
            Reply::Server(think) => {
                if let Some(now) = think {
                    self.each_run(&mut |numbered| numbered.know_work(now));
                    self.rounds.know_work(now);
                }
                self.lab.hear_of_work(think);
            }
            Reply::Series(id, thinking_mean) => {
                self.lab.heard_of_a_run();
                self.rounds.know_thinking(id, thinking_mean);
            }
            Reply::Trace(number, seen) => {
                self.lab.heard_of_a_run();
                let report = self.lab.report();
                let (trace, passage) = seen.unzip();
                let mut trace = Some(trace);
                self.each_run(&mut |numbered| {
                    if numbered.number == number
                        && let Some(trace) = trace.take()
                    {
                        numbered.know_legs(trace);
                        if let Some(passage) = passage.flatten() {
                            numbered.know_passage(passage, report);
                        }
                    }
                });
            }
        }
    }

    /// In what circumstances a run begins now.
    fn circumstances(&self) -> Circumstances {
        let legs = if self.lab.presence == Presence::Absent { Legs::Unknown } else { Legs::Pending };
        let Self { clock, lab, provenance, .. } = self;
        let provenance = provenance.clone();
        Circumstances {
            clock: *clock,
            legs,
            wire: lab.wire(),
            revision: lab.revision(),
            work: lab.work_time(),
            provenance,
        }
    }

    /// The wire becomes another one: through which what goes on went cannot be said.
    fn wire_changes(&mut self) {
        self.forget_wires(&[], &|numbered| !numbered.run.is_over());
    }

    fn forget_wires(&mut self, rounds: &[u64], is_unsure: &dyn Fn(&Numbered) -> bool) {
        self.each_run(&mut |numbered| {
            if is_unsure(numbered) {
                numbered.link_changes();
            }
        });
        self.rounds.forget_wires(rounds);
    }

    /// Records an interruption in every run and series that is in progress.
    fn interrupt(&mut self, interruptions: Interruptions) {
        self.each_run(&mut |numbered| {
            if !numbered.run.is_over() {
                numbered.run.interruptions.add(interruptions);
            }
        });
        self.rounds.interrupt(interruptions);
    }

    /// Does something with every run of which the lab may know something. It is compiled once, whatever is done.
    fn each_run(&mut self, act: &mut dyn FnMut(&mut Numbered)) {
        self.runs.iter_mut().chain(self.race.raced_mut()).for_each(act);
    }

    fn begin(&mut self, begun: Numbered) {
        if let Some(newest) = self.runs.back_mut().filter(|newest| !newest.run.is_over()) {
            newest.run.status = RunStatus::Stopped;
        }
        self.runs.push_back(begun);
        if self.runs.len() > RUNS_MAX
            && let Some(oldest) = self.runs.pop_front()
        {
            self.ghosts.retain(|ghost| *ghost != oldest.number);
        }
    }

    /// Everything that was measured and is over.
    pub fn document(&self) -> Document {
        let over = self.runs.iter().filter(|numbered| numbered.run.is_over());
        let runs = over.map(Numbered::recorded);
        let races = self.races().filter_map(Race::exported);
        let rounds =
            self.rounds.worth_keeping().filter(|kept| kept.rounds.is_over()).map(|kept| (*kept.rounds).clone());
        Document { runs: runs.collect(), races: races.collect(), rounds: rounds.collect(), ..Document::default() }
    }

    fn hear(&mut self, message: FromWorker) {
        match message {
            FromWorker::Ready(clock) => self.clock = Some(clock),
            FromWorker::Runs(runs) => runs.into_iter().for_each(|progress| self.progress(progress)),
            FromWorker::Rounds { run, answered, failures } => self.rounds.hear(run, &answered, &failures),
            FromWorker::Suspended => self.interrupt(SUSPENDED),
            FromWorker::Ended { run, how } => {
                self.end(run, &how);
                self.lab.run_ended(run);
            }
        }
    }

    fn progress(&mut self, RunProgress { run: number, steps, end }: RunProgress) {
        for step in steps {
            match self.going_on(number) {
                Some(run) => run.record(step),
                None => self.race.step(number, step),
            }
        }
        if let Some(RunEnd { how, began }) = end {
            if let Some(began) = began.filter(|_| self.going_on(number).is_some()) {
                self.begun = Some((number, began));
            }
            self.end(number, &how);
            self.lab.run_ended(number);
        }
    }

    fn end(&mut self, number: u32, how: &Ended) {
        let ending = |to: &str, interruptions: Interruptions| match how {
            Ended::Complete => RunStatus::Complete,
            Ended::Stopped => RunStatus::Stopped,
            how if interruptions.was_suspended => RunStatus::Broken(words::why_it_broke(how, to) + words::SUSPENDED),
            how => RunStatus::Broken(words::why_it_broke(how, to)),
        };
        if let Some(run) = self.going_on(number) {
            run.status = ending(&run.target, run.interruptions);
        }
        self.race.end(number, ending);
        self.rounds.end(number, ending);
    }

    /// The run with this number, unless it is over: what comes late changes nothing.
    fn going_on(&mut self, number: u32) -> Option<&mut Run> {
        let newest = self.runs.back_mut().filter(|newest| newest.number == number)?;
        (!newest.run.is_over()).then_some(&mut newest.run)
    }
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut state = Rc::unwrap_or_clone(self);
        match action {
            Action::Heard(message) => state.hear(message),
            Action::WorkerBroke(why) => {
                if let Some(newest) = state.runs.back_mut().filter(|newest| !newest.run.is_over()) {
                    newest.run.status = RunStatus::Broken(why.clone());
                }
                state.race.give_up(&RunStatus::Broken(why.clone()));
                state.rounds.give_up(RunStatus::Broken(why.clone()));
                state.broken = Some(why);
            }
            Action::Hidden(is_hidden) => {
                state.is_hidden = is_hidden;
                if !is_hidden {
                    state.lab.came_to_front();
                }
            }
            Action::Suspended => state.interrupt(SUSPENDED),
            Action::OrderChosen(order) => state.order = order,
            Action::ProvenanceSet(provenance) => state.provenance = provenance,
            Action::Asked { number, url, order, questions, dialogue } => {
                let ask = Ask { run: number, url, order, questions: questions.into_iter().map(String::from).collect() };
                state.unsure.push(number.into());
                state.begin(Numbered::begun(dialogue, ask, &state.circumstances()));
            }
            Action::Lab(action) => {
                if let lab::Action::Wished(wire) = action
                    && state.lab.wire() != Some(wire)
                {
                    state.wire_changes();
                }
                if let lab::Action::WorkWished(wanted) = action {
                    state.each_run(&mut |numbered| numbered.change_work(wanted));
                    state.rounds.change_work(wanted);
                }
                state.lab.act(action);
            }
            Action::Race(action) => {
                let circumstances = state.circumstances();
                if let race::Action::HeatBegun(_, asks) = &action {
                    state.unsure.extend(asks.iter().map(|(_, ask)| u64::from(ask.run)));
                }
                state.race.act(action, &circumstances);
            }
            Action::Imported { number, unseen, document } => state.import(number, unseen, &document),
            Action::LabReplied(reply) => state.hear_the_lab(reply),
            Action::Rounds(action) => {
                if let rounds::Action::Begun(_, kept) = &action {
                    state.unsure.push(kept.id);
                }
                state.rounds.act(action);
            }
            Action::GhostToggled(number) => match state.ghosts.iter().position(|ghost| *ghost == number) {
                Some(place) => _ = state.ghosts.swap_remove(place),
                None => state.ghosts.push(number),
            },
        }
        if state.is_hidden {
            state.interrupt(HIDDEN);
        }
        Rc::new(state)
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{
        Connections, Instance, Link, LinkReport, LinkRevisions, Preset, Revision, Rounds, RoundsPlan, ServerWork, Step,
        Trace,
    };

    use super::*;
    use crate::bridge::Route;

    fn after(actions: impl IntoIterator<Item = Action>) -> Rc<State> {
        actions.into_iter().fold(Rc::new(State::default()), Reducible::reduce)
    }

    fn asked(number: u32) -> Action {
        let url = "ws://localhost:8080/ws".to_owned();
        let (questions, dialogue) = (Question::the_three(), format!("dialogue-{number}"));
        Action::Asked { number, url, order: Order::OneAtATime, questions, dialogue }
    }

    fn connected(run: u32) -> Action {
        Action::Heard(FromWorker::step(run, Step::Connected { at: Duration::from_micros(3) }))
    }

    fn report(preset: Preset) -> LinkReport {
        let revision = Revision { instance: Instance(1), revision: preset as u64 };
        let wire = preset.link();
        LinkReport { port: 1061, link: wire, handshake: true, revision, in_force: Duration::ZERO, added_delay: None }
    }

    fn ended(run: u32, how: Ended) -> Action {
        Action::Heard(FromWorker::Ended { run, how })
    }

    #[test]
    fn a_run_begins_with_the_provenance_that_was_set_last() {
        let provenance = Provenance { server_design: Some("async".to_owned()), ..Provenance::default() };
        let state = after([asked(1), Action::ProvenanceSet(provenance.clone()), asked(2)]);
        let recorded: Vec<_> = state.runs.iter().map(|run| run.recorded().provenance).collect();
        assert_eq!(recorded, [Provenance::default(), provenance]);
    }

    #[test]
    fn steps_are_written_down_in_the_run_they_belong_to() {
        let state = after([asked(1), connected(1)]);
        assert!(state.is_running());
        assert!(state.newest().unwrap().run.connecting.is_some());
    }

    #[test]
    fn what_an_older_run_says_late_is_not_taken_for_the_newest() {
        let state = after([asked(1), asked(2), connected(1), ended(1, Ended::Complete)]);
        assert_eq!(state.runs[0].run.status, RunStatus::Stopped);
        assert!(state.is_running());
        assert_eq!(state.newest().unwrap().run.connecting, None);
    }

    #[test]
    fn a_run_that_is_over_stays_as_it_was() {
        let state = after([asked(1), ended(1, Ended::NoBridge), connected(1), ended(1, Ended::Complete)]);
        let run = &state.newest().unwrap().run;
        assert!(matches!(&run.status, RunStatus::Broken(why) if why.contains("ws://localhost:8080/ws")), "{run:?}");
        assert_eq!(run.connecting, None);
    }

    #[test]
    fn what_interrupts_a_run_is_noted_in_it_and_in_no_other() {
        let interruptions = |state: &State| state.runs.iter().map(|run| run.run.interruptions).collect::<Vec<_>>();
        let none = Interruptions::default();
        let state = after([asked(1), ended(1, Ended::Complete), Action::Hidden(true), Action::Hidden(false), asked(2)]);
        assert_eq!(interruptions(&state), [none, none]);
        let state = state.reduce(Action::Hidden(true)).reduce(Action::Hidden(false)).reduce(Action::Suspended);
        let state = state.reduce(ended(2, Ended::Complete)).reduce(Action::Heard(FromWorker::Suspended));
        assert_eq!(interruptions(&state), [none, Interruptions { was_hidden: true, was_suspended: true }]);
        let state = after([Action::Hidden(true), asked(1), Action::Hidden(false)]);
        assert_eq!(interruptions(&state), [HIDDEN], "it began out of sight");
    }

    #[test]
    fn choosing_an_order_leaves_the_runs_before_as_they_were() {
        let state = after([asked(1), Action::OrderChosen(Order::SentAhead)]);
        assert_eq!((state.order, state.newest().unwrap().run.order), (Order::SentAhead, Order::OneAtATime));
    }

    #[test]
    fn ghosts_come_and_go_and_the_newest_is_never_one() {
        let state = after([asked(1), asked(2), Action::GhostToggled(1), Action::GhostToggled(2)]);
        assert_eq!(state.ghosts().map(|ghost| ghost.number).collect::<Vec<_>>(), [1]);
        let state = state.reduce(Action::GhostToggled(1));
        assert_eq!(state.ghosts().count(), 0);
    }

    #[test]
    fn only_so_many_runs_are_kept_and_their_numbers_go_on() {
        let state = after((1..=53).map(asked));
        assert_eq!(state.runs.len(), RUNS_MAX);
        assert_eq!((state.runs[0].number, state.newest().unwrap().number), (4, 53));
    }

    #[test]
    fn a_wire_that_becomes_another_is_told_by_the_rounds_that_go_through_it() {
        let wished = |preset: Preset| Action::Lab(lab::Action::Wished(preset.link()));
        let name = |url: &str, actions: [Action; 2]| {
            let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
            let plan = RoundsPlan::new(10, Connections::One, None);
            let wire = (Route::of(url) == Route::Tunnel).then(|| Preset::Ssh.link());
            let begun = Rounds {
                link: Link::new(wire, None),
                ..rounds::begun("Rounds".to_owned(), url.to_owned(), plan, clock)
            };
            let begun = rounds::Action::Begun(1, Kept { id: 1, rounds: Rc::new(begun), is_imported: false });
            let report = report(Preset::Ssh);
            let before = [Action::LabReplied(Reply::Tunnel(Some(report))), Action::Rounds(begun)];
            after(before.into_iter().chain(actions)).rounds.newest().unwrap().rounds.name.clone()
        };
        let (straight, tunnel) = ("ws://b/ws", "ws://b/ws/tunnel");
        let route_chosen = Action::Lab(lab::Action::RouteChosen(Route::Tunnel));
        assert_eq!(name(straight, [route_chosen.clone(), wished(Preset::Rack)]), "Rounds");
        assert_eq!(name(tunnel, [route_chosen, wished(Preset::Ssh)]), "Rounds", "it is that already");
        assert_eq!(name(tunnel, [wished(Preset::Rack), wished(Preset::Ssh)]), "Rounds, changed meanwhile");
    }

    #[test]
    fn a_run_knows_the_wire_it_went_through_unless_that_became_another_one_meanwhile() {
        let wished = |preset: Preset| Action::Lab(lab::Action::Wished(preset.link()));
        let through = |number| {
            let (url, questions) = ("ws://b/ws/tunnel".to_owned(), Question::the_three());
            Action::Asked { number, url, order: Order::OneAtATime, questions, dialogue: String::new() }
        };
        let state = after([
            Action::LabReplied(Reply::Tunnel(Some(report(Preset::Ssh)))),
            through(1),
            ended(1, Ended::Complete),
            asked(2),
            ended(2, Ended::Complete),
            wished(Preset::Rack),
            through(3),
            wished(Preset::Satellite),
            ended(3, Ended::Complete),
        ]);
        let wires = |state: &State| state.runs.iter().map(|numbered| numbered.wire).collect::<Vec<_>>();
        assert_eq!(wires(&state), [Some(Preset::Ssh.link()), None, None]);

        // Somebody else changes it before the second run.
        let reported = |preset: Preset| Action::LabReplied(Reply::Tunnel(Some(report(preset))));
        let run = |number| [through(number), ended(number, Ended::Complete)];
        let first = [reported(Preset::Ssh)].into_iter().chain(run(1)).chain([reported(Preset::Ssh)]);
        let second = run(2).into_iter().chain([reported(Preset::Rack)]).chain(run(3)).chain([reported(Preset::Rack)]);
        let expected = [Some(Preset::Ssh.link()), None, Some(Preset::Rack.link())];
        assert_eq!(wires(&after(first.chain(second))), expected);
        assert_eq!(words::title(&state.runs[0]), "run 1, one at a time");
        let said = words::wire::route_of(&state.runs[0]).map(|said| said.replace('\u{a0}', " "));
        assert_eq!(said.as_deref(), Some("through the tunnel at 1.30 ms, jitter up to 150 µs"));
        assert_eq!(
            [1, 2].map(|index| words::wire::route_of(&state.runs[index])),
            [None, Some("through the tunnel".to_owned())]
        );
    }

    #[test]
    fn a_change_of_the_servers_work_is_noted_in_what_spans_it() {
        let ms = Duration::from_millis;
        let told = |millis| Action::LabReplied(Reply::Server(Some(ms(millis))));
        let wished = |millis| Action::Lab(lab::Action::WorkWished(ms(millis)));
        let first = || after([Action::LabReplied(Reply::Tunnel(Some(report(Preset::Ssh)))), told(0)]);
        let series = |state: Rc<State>| {
            let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
            let plan = RoundsPlan::new(10, Connections::One, None);
            let server_work = state.lab.work_time().map(ServerWork::begun);
            let begun = Rounds { server_work, ..rounds::begun(String::new(), String::new(), plan, clock) };
            let kept = Kept { id: 1_000, rounds: Rc::new(begun), is_imported: false };
            state.reduce(Action::Rounds(rounds::Action::Begun(7, kept)))
        };
        let works = |state: &State| {
            let of_series = state.rounds.newest().and_then(|newest| newest.rounds.server_work);
            [state.newest().unwrap().server_work, of_series].map(|work| work.unwrap())
        };
        let (unchanged, changed) =
            (ServerWork { first: ms(0), last: Some(ms(0)) }, ServerWork { first: ms(0), last: Some(ms(3)) });
        let over = || [ended(1, Ended::Complete), ended(7, Ended::Complete)];
        let cases = [
            ("by another client", over().into_iter().chain([told(3)]).collect(), changed),
            ("not at all", over().into_iter().chain([told(0)]).collect(), unchanged),
            ("here", [wished(3)].into_iter().chain(over()).chain([told(3)]).collect(), changed),
            ("here and back", [wished(3), wished(0)].into_iter().chain(over()).chain([told(0)]).collect(), changed),
            ("afterwards", over().into_iter().chain([wished(3), told(3)]).collect::<Vec<Action>>(), unchanged),
        ];
        for (how, actions, expected) in cases {
            let state = actions.into_iter().fold(series(first().reduce(asked(1))), Reducible::reduce);
            assert_eq!(works(&state), [expected; 2], "{how}");
        }
        let state = over().into_iter().chain([told(3)]).fold(series(first().reduce(asked(1))), Reducible::reduce);
        let next = works(&series(state.reduce(asked(2))));
        assert_eq!(next, [ServerWork::begun(ms(3)); 2], "the next begins with what was told last");
    }

    #[test]
    fn the_trace_of_a_run_tells_through_which_settings_it_went() {
        let reported = |preset| Action::LabReplied(Reply::Tunnel(Some(report(preset))));
        let through = |number| {
            let (url, questions) = ("ws://b/ws/tunnel".to_owned(), Question::the_three());
            Action::Asked { number, url, order: Order::OneAtATime, questions, dialogue: String::new() }
        };
        let run = |number| [through(number), ended(number, Ended::Complete)];
        let passage = |preset| LinkRevisions::unchanged(report(preset).revision);
        let seen = |number, passage| Action::LabReplied(Reply::Trace(number, Some((Trace::default(), Some(passage)))));
        // Another client changes the link during the first of two runs, which the page learns afterwards.
        let runs = [reported(Preset::Ssh)].into_iter().chain(run(1)).chain(run(2)).chain([reported(Preset::Rack)]);
        let state = after(runs);
        let revisions = |state: &State| -> Vec<_> {
            state.runs.iter().map(|run| run.passage.map(LinkRevisions::revision)).collect()
        };
        assert_eq!(revisions(&state), [Some(None), Some(None)], "changed meanwhile");
        let changed = LinkRevisions { last_revision: Some(9), ..passage(Preset::Ssh) };
        let state = [seen(1, changed), seen(2, passage(Preset::Rack))].into_iter().fold(state, Reducible::reduce);
        assert_eq!(revisions(&state), [Some(None), Some(Some(report(Preset::Rack).revision))]);
        assert_eq!(state.runs.iter().map(|run| run.wire).collect::<Vec<_>>(), [None, Some(Preset::Rack.link())]);
    }

    #[test]
    fn a_worker_that_breaks_ends_the_run_and_is_said() {
        let state = after([asked(1), Action::WorkerBroke("gone".to_owned())]);
        assert!(!state.is_running());
        assert_eq!(state.broken.as_deref(), Some("gone"));
    }
}

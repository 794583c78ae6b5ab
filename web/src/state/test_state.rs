//! States for tests, and actions that lead to them.

use std::rc::Rc;
use std::time::Duration;

use launcelot_measure::{AddedDelay, Instance, LinkReport, Preset, Revision, Step};
use launcelot_protocol::Question;
use yew::Reducible;

use super::ids::{PageId, RunId};
use super::{Action, State};
use crate::bridge::Bridge;
use crate::message::{Clock, Ended, FromWorker, RunEnd, RunProgress};

/// A page at the bridge `ws://b`, without a lab so far, that can ask.
pub(crate) fn ready() -> Rc<State> {
    let clock = Clock { step: Duration::ZERO, isolated: true, cores: 2 };
    let state = Rc::new(State::new(PageId(1), Bridge::at("ws://b"), Vec::new()));
    state.reduce(Action::WorkerSent(FromWorker::Ready(clock)))
}

/// The same page after some actions.
pub(crate) fn ready_after(actions: impl IntoIterator<Item = Action>) -> Rc<State> {
    after(ready(), actions)
}

pub(crate) fn after(state: Rc<State>, actions: impl IntoIterator<Item = Action>) -> Rc<State> {
    actions.into_iter().fold(state, Reducible::reduce)
}

/// The three questions are asked.
pub(crate) fn ask() -> Action {
    Action::Asked(Question::the_three())
}

/// The worker sent a step of a run.
pub(crate) fn step(run: u32, step: Step) -> Action {
    Action::WorkerSent(FromWorker::step(RunId(run), step))
}

pub(crate) fn connected(run: u32) -> Action {
    step(run, Step::Connected { at: Duration::from_micros(3) })
}

/// The worker sent the end of a run.
pub(crate) fn ended(run: u32, how: Ended) -> Action {
    let end = Some(RunEnd { how, began: None });
    Action::WorkerSent(FromWorker::Runs(vec![RunProgress { run: RunId(run), steps: Vec::new(), end }]))
}

pub(crate) fn complete(run: u32) -> Action {
    ended(run, Ended::Complete)
}

/// The lab's report of a tunnel with these settings, which has measured its delay.
pub(crate) fn report(preset: Preset) -> LinkReport {
    let link = preset.link();
    let (total, out, back) = (link.rtt, link.rtt / 2, link.rtt / 2);
    LinkReport {
        port: 1061,
        server_port: Some(1060),
        link,
        handshake: true,
        revision: Revision { instance: Instance(1), revision: preset as u64 },
        in_force: Duration::ZERO,
        added_delay: Some(AddedDelay { total, out, back, samples: 3, connections: 1 }),
    }
}

//! What a person can do, as callbacks that never change.

use std::rc::Rc;

use launcelot_measure::export::Document;
use launcelot_measure::{Order, RoundsPlan};
use launcelot_protocol::Question;
use yew::prelude::*;

use crate::load::LoadReport;
use crate::provenance;
use crate::shared::Shared;
use crate::state::ids::RunId;
use crate::state::{Action, State, lab, rounds};
use crate::storage;

/// The callbacks. They are made once, so they never make a component render.
#[derive(Clone, PartialEq)]
pub struct Actions {
    /// Asks questions.
    pub ask: Callback<Vec<Question>>,
    /// Begins a race.
    pub race: Callback<()>,
    /// Begins a series of rounds.
    pub ask_in_rounds: Callback<RoundsPlan>,
    /// Stops what is running.
    pub stop: Callback<()>,
    /// Chooses the order of the next run.
    pub choose_order: Callback<Order>,
    /// Compares a run with the newest, or stops comparing it.
    pub compare: Callback<RunId>,
    /// Removes an earlier run.
    pub remove_run: Callback<RunId>,
    /// Changes the route, the link or the server's work.
    pub change_lab: Callback<lab::Action>,
    /// Changes a series of rounds, or how series are shown.
    pub change_rounds: Callback<rounds::Action>,
    /// Imports a document.
    pub import: Callback<Rc<Document>>,
    /// Imports the report on a load.
    pub import_load: Callback<Shared<LoadReport>>,
    /// Removes the report with this number.
    pub remove_load: Callback<u32>,
    /// Clears everything, in the browser's storage too.
    pub clear: Callback<()>,
    /// Returns the state as it is now.
    pub state: Callback<(), UseReducerHandle<State>>,
}

/// Makes the callbacks of a state.
#[hook]
pub fn use_actions(state: &UseReducerHandle<State>) -> Rc<Actions> {
    use_memo((), |()| {
        let dispatcher = state.dispatcher();
        // A new clone of the handle has the state as it is then.
        let state = state.clone();
        Actions {
            ask: begin(&dispatcher, Action::Asked),
            race: begin(&dispatcher, |()| Action::Raced),
            ask_in_rounds: begin(&dispatcher, Action::RoundsAsked),
            stop: dispatch(&dispatcher, |()| Action::Stopped),
            choose_order: dispatch(&dispatcher, Action::OrderChosen),
            compare: dispatch(&dispatcher, Action::CompareToggled),
            remove_run: dispatch(&dispatcher, Action::RunRemoved),
            change_lab: dispatch(&dispatcher, Action::Lab),
            change_rounds: dispatch(&dispatcher, Action::Rounds),
            import: dispatch(&dispatcher, Action::Imported),
            import_load: dispatch(&dispatcher, Action::LoadImported),
            remove_load: dispatch(&dispatcher, Action::LoadRemoved),
            clear: dispatch(&dispatcher, |()| {
                storage::clear();
                Action::Cleared
            }),
            state: Callback::from(move |()| state.clone()),
        }
    })
}

/// Returns a callback that dispatches an action with which something begins now.
fn begin<T: 'static>(dispatcher: &UseReducerDispatcher<State>, action: fn(T) -> Action) -> Callback<T> {
    let dispatcher = dispatcher.clone();
    Callback::from(move |value| {
        dispatcher.dispatch(Action::ProvenanceSet(provenance::of_this_page()));
        dispatcher.dispatch(action(value));
    })
}

/// Returns a callback that dispatches what `action` makes of its argument.
fn dispatch<T: 'static>(dispatcher: &UseReducerDispatcher<State>, action: fn(T) -> Action) -> Callback<T> {
    let dispatcher = dispatcher.clone();
    Callback::from(move |value| dispatcher.dispatch(action(value)))
}

//! The single runs and races in the browser's storage.

use std::rc::Rc;

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::runs_store::{Item, RunsStore};
use crate::state::{Action, State};

/// Returns the store, as earlier visits left it.
#[hook]
pub fn use_runs_store() -> Rc<RunsStore> {
    use_memo((), |()| RunsStore::open())
}

/// Reads what earlier visits have left, and stores runs and races that are over whenever they have changed. While something is
/// running, nothing is stored, so that it is not disturbed.
#[hook]
pub fn use_stored_runs(store: Rc<RunsStore>, state: &UseReducerHandle<State>) {
    {
        let (store, dispatcher) = (store.clone(), state.dispatcher());
        use_effect_with((), move |()| {
            spawn_local(async move {
                if let Some(restored) = store.restore().await {
                    dispatcher.dispatch(Action::Restored(Rc::new(restored)));
                }
            });
        });
    }
    let measured = (state.runs.clone(), state.race.clone(), state.imported_races.clone());
    let state = state.clone();
    use_effect_with((measured, state.is_running()), move |(_, is_running)| {
        if !is_running {
            store.save(Item::all_over(&state));
        }
    });
}

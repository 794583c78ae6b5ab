//! The single runs and races in the browser's storage.

use std::rc::Rc;

use js_sys::futures::spawn_local;
use wasm_bindgen::JsCast as _;
use web_sys::{Event, StorageEvent};
use yew::prelude::*;

use super::use_store::{STORAGE_EVENTS, is_about_to_end};
use super::use_window_events;
use crate::runs_store::{Item, RunsStore};
use crate::state::{Action, State};

/// Returns the state as it is now.
type CurrentState = Callback<(), UseReducerHandle<State>>;

/// Returns the store, as earlier visits left it.
#[hook]
pub fn use_runs_store() -> Rc<RunsStore> {
    use_memo((), |()| RunsStore::open())
}

/// Reads what earlier visits have left, and stores runs and races that are over whenever they have changed. While something is
/// running, nothing is stored, so that it is not disturbed; when the page may be about to end, what has come of it is. Takes away what
/// other tabs remove. Dispatches whether the browser stores them. `has_parts` says whether the parts of the program have been loaded.
#[hook]
pub fn use_stored_runs(
    store: Rc<RunsStore>,
    state: &UseReducerHandle<State>,
    current_state: CurrentState,
    has_parts: bool,
) {
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
    {
        let store = store.clone();
        use_effect_with(has_parts, move |has_parts| {
            if *has_parts {
                spawn_local(async move { store.load_writer().await });
            }
        });
    }
    {
        let (store, current_state) = (store.clone(), current_state.clone());
        let measured = (state.runs.clone(), state.race.clone(), state.other_races.clone());
        use_effect_with((measured, state.is_running()), move |(_, is_running)| {
            if !is_running {
                save(store, current_state);
            }
        });
    }
    let on_event = move |event: &Event| on_event(event, &store, &current_state);
    use_window_events(&STORAGE_EVENTS, Rc::new(on_event));
}

fn on_event(event: &Event, store: &Rc<RunsStore>, current_state: &CurrentState) {
    let state = current_state.emit(());
    if is_about_to_end(event) {
        let are_stored = store.save_at_once(Item::all_so_far(&state));
        report(are_stored, &state);
    } else if let Some(event) = event.dyn_ref::<StorageEvent>() {
        // Another tab has removed it. The newest run stays: it is in this tab's table.
        if event.new_value().is_none()
            && let Some(run) = event.key().and_then(|key| store.run_of(&key))
        {
            state.dispatch(Action::RunRemoved(run));
        }
        if state.are_runs_unstored && !state.is_running() {
            // There may be room now.
            save(store.clone(), current_state.clone());
        }
    }
}

/// Saves the runs and races that are over.
fn save(store: Rc<RunsStore>, current_state: CurrentState) {
    let items = Item::all_over(&current_state.emit(()));
    spawn_local(async move {
        let are_stored = store.save(items).await;
        report(are_stored, &current_state.emit(()));
    });
}

fn report(are_stored: bool, state: &UseReducerHandle<State>) {
    if are_stored == state.are_runs_unstored {
        state.dispatch(Action::RunsStored(are_stored));
    }
}

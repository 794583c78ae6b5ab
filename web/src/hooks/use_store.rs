//! The series of rounds in the browser's storage.

use std::rc::Rc;

use wasm_bindgen::JsCast as _;
use web_sys::{Event, StorageEvent};
use yew::prelude::*;

use super::painted::is_hidden;
use super::use_window_events;
use crate::rounds_store::{Extent, RoundsStore};
use crate::state::rounds::ManyRounds;
use crate::state::{Action, State};
use crate::turn::now_ms;

/// The time between two saves of a series that is running, in milliseconds: as much is lost at most if the browser crashes.
const PARTIAL_SAVE_INTERVAL_MS: f64 = 5_000.0;

/// The events at which the page stores what it has, or another page has changed the storage.
pub(super) const STORAGE_EVENTS: [&str; 3] = ["pagehide", "visibilitychange", "storage"];

/// Returns the store, as earlier visits left it.
#[hook]
pub fn use_store() -> Rc<RoundsStore> {
    use_memo((), |()| RoundsStore::open())
}

/// Stores the series that are kept whenever they have changed; the one that is running, from time to time, and when the page may be
/// about to end. Takes what other tabs store. Dispatches whether the browser stores them.
#[hook]
pub fn use_stored(store: Rc<RoundsStore>, rounds: &ManyRounds, state: Callback<(), UseReducerHandle<State>>) {
    let partial_save_ms = use_mut_ref(|| 0.0);
    {
        let (store, state) = (store.clone(), state.clone());
        use_effect_with(rounds.kept.clone(), move |_| {
            let now_ms = now_ms();
            let mut last_ms = partial_save_ms.borrow_mut();
            let is_due = now_ms - *last_ms >= PARTIAL_SAVE_INTERVAL_MS;
            if is_due {
                *last_ms = now_ms;
            }
            save(&store, &state, if is_due { Extent::All } else { Extent::Over });
        });
    }
    let on_event = move |event: &Event| on_event(event, &store, &state);
    use_window_events(&STORAGE_EVENTS, Rc::new(on_event));
}

/// Whether the page may be about to end after this event: it is left, or hidden.
pub(super) fn is_about_to_end(event: &Event) -> bool {
    event.type_() == "pagehide" || event.type_() == "visibilitychange" && is_hidden()
}

fn on_event(event: &Event, store: &RoundsStore, state: &Callback<(), UseReducerHandle<State>>) {
    if let Some(event) = event.dyn_ref::<StorageEvent>() {
        let change = event.key().and_then(|key| store.take_change(&key, event.new_value().as_deref()));
        if let Some(change) = change {
            state.emit(()).dispatch(Action::RoundsStoredElsewhere(change));
        }
        // There may be room now.
        if state.emit(()).rounds.is_unstored {
            save(store, state, Extent::Over);
        }
    } else if is_about_to_end(event) {
        save(store, state, Extent::All);
    }
}

fn save(store: &RoundsStore, state: &Callback<(), UseReducerHandle<State>>, extent: Extent) {
    let state = state.emit(());
    let are_stored = store.save(&state.rounds.kept, extent);
    if are_stored == state.rounds.is_unstored {
        state.dispatch(Action::RoundsStored(are_stored));
    }
}

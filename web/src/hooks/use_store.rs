//! The series of rounds in the browser's storage.

use std::rc::Rc;

use yew::prelude::*;

use crate::rounds_store::RoundsStore;
use crate::state::rounds::ManyRounds;
use crate::state::{Action, State};

/// Returns the store, as an earlier visit left it.
#[hook]
pub fn use_store() -> Rc<RoundsStore> {
    use_memo((), |()| RoundsStore::open())
}

/// Stores the series that are kept whenever they have changed. The state is told if the browser does not store them.
#[hook]
pub fn use_stored(store: Rc<RoundsStore>, rounds: &ManyRounds, dispatcher: UseReducerDispatcher<State>) {
    use_effect_with(rounds.kept.clone(), move |kept| {
        if !store.save(kept) {
            dispatcher.dispatch(Action::RoundsUnstored);
        }
    });
}

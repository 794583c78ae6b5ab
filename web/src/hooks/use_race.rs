//! The page's side of the race: when one heat is over, the next begins.

use yew::prelude::*;

use super::Asker;

/// Has the worker run the heats, one after the other.
#[hook]
pub fn use_race(asker: &Asker) {
    let due = asker.state().race.due();
    let asker = asker.clone();
    use_effect_with(due, move |due| {
        if let Some(heat) = *due {
            asker.run_heat(heat);
        }
    });
}

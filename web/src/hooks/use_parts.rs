//! The parts of the program that a browser loads later.

use yew::prelude::*;

use crate::files;

/// Loads the parts of the program once the browser is idle. Returns whether it has been, and those that sections need are there,
/// unless they could not be loaded.
#[hook]
pub fn use_parts() -> bool {
    let are_there = use_state_eq(|| false);
    let setter = are_there.setter();
    use_effect_with((), move |()| files::load_when_idle(move || setter.set(true)));
    *are_there
}

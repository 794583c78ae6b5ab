//! The page's side of the lab: whatever there is to ask it is asked.

use js_sys::Function;
use js_sys::futures::spawn_local;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use super::Asker;
use crate::lab;
use crate::state::Action;
use crate::state::lab::Action::{Asked, CameToFront};

/// Asks the lab what the state wants to know of it, also when the page comes to the front, and has the worker measure the tunnel.
#[hook]
pub fn use_lab(asker: &Asker) {
    let (request, lacks) = (asker.state().request(), asker.is_ready() && asker.state().lab.lacks_a_measurement());
    let listener = asker.clone();
    use_effect_with((), move |()| {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
        let shown = document.clone();
        let on_change = Closure::<dyn Fn()>::new(move || {
            if !shown.hidden() {
                listener.dispatch(Action::Lab(CameToFront));
            }
        });
        // It lives as long as the page.
        let _ = document.add_event_listener_with_callback(
            "visibilitychange",
            on_change.into_js_value().unchecked_ref::<Function>(),
        );
    });
    let asker = asker.clone();
    use_effect_with((request, lacks), move |(request, lacks)| {
        if let Some(request) = request.clone() {
            asker.dispatch(Action::Lab(Asked));
            spawn_local(async move { asker.dispatch(Action::LabReplied(lab::ask(request).await)) });
        } else if *lacks {
            asker.probe();
        }
    });
}

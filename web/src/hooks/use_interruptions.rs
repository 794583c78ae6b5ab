//! Interruptions: the tab is hidden, the browser has suspended the page, or is about to leave it.

use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::Event;
use yew::prelude::*;

use super::painted::is_hidden;
use super::use_window_events;
use crate::state::{Action, State};

/// The events. `freeze` and `resume` come before and after a freeze (<https://wicg.github.io/page-lifecycle/>): a browser that
/// freezes a page closes its connections, and what breaks by that should know why. `pageshow` follows a stay in the back-forward
/// cache if it says that it is persisted. `beforeunload` comes before Firefox closes the connections of a page that it leaves.
const EVENTS: [&str; 5] = ["visibilitychange", "freeze", "resume", "pageshow", "beforeunload"];

/// Dispatches interruptions, as long as the component lives.
#[hook]
pub fn use_interruptions(dispatcher: UseReducerDispatcher<State>) {
    {
        let dispatcher = dispatcher.clone();
        use_effect_with((), move |()| dispatcher.dispatch(Action::Hidden(is_hidden())));
    }
    let on_event = move |event: &Event| {
        if let Some(action) = action(event) {
            dispatcher.dispatch(action);
        }
    };
    use_window_events(&EVENTS, Rc::new(on_event));
}

fn action(event: &Event) -> Option<Action> {
    match event.type_().as_str() {
        "visibilitychange" => Some(Action::Hidden(is_hidden())),
        "beforeunload" => Some(Action::Leaving),
        "pageshow" => is_persisted(event).then_some(Action::Suspended),
        _ => Some(Action::Suspended),
    }
}

fn is_persisted(event: &Event) -> bool {
    Reflect::get(event, &JsValue::from_str("persisted")).is_ok_and(|value| value.is_truthy())
}

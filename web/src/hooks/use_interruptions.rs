//! Interruptions: the tab is hidden, the browser has suspended the page, or is about to leave it.

use gloo_events::{EventListener, EventListenerOptions};
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::Event;
use yew::prelude::*;

use super::painted::is_hidden;
use crate::state::{Action, State};

/// The events. `freeze` and `resume` come before and after a freeze (<https://wicg.github.io/page-lifecycle/>): a browser that
/// freezes a page closes its connections, and what breaks by that should know why. `pageshow` follows a stay in the back-forward
/// cache if it says that it is persisted. `beforeunload` comes before Firefox closes the connections of a page that it leaves.
const EVENTS: [&str; 5] = ["visibilitychange", "freeze", "resume", "pageshow", "beforeunload"];

/// Tells the state of interruptions, as long as the component lives.
#[hook]
pub fn use_interruptions(dispatcher: UseReducerDispatcher<State>) {
    use_effect_with((), move |()| {
        dispatcher.dispatch(Action::Hidden(is_hidden()));
        let listeners = web_sys::window().map(|window| {
            EVENTS.map(|name| {
                let dispatcher = dispatcher.clone();
                // Events of the document do not bubble up to the window, but are captured there.
                let options = EventListenerOptions::run_in_capture_phase();
                EventListener::new_with_options(&window, name, options, move |event| {
                    if let Some(action) = action(event) {
                        dispatcher.dispatch(action);
                    }
                })
            })
        });
        move || drop(listeners)
    });
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

//! What the browser tells of interruptions: the tab goes out of sight, or the page was suspended.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::Event;
use yew::prelude::*;

use super::Asker;
use super::painted::is_hidden;
use crate::state::Action;

/// The events. `freeze` and `resume` come before and after a freeze (<https://wicg.github.io/page-lifecycle/>): a browser that
/// freezes a page closes its connections, and what breaks by that is to know why. `pageshow` follows a stay in the back-forward
/// cache if it says that it is persisted.
const EVENTS: [&str; 4] = ["visibilitychange", "freeze", "resume", "pageshow"];

/// Tells the state of interruptions, for as long as the page lives.
#[hook]
pub fn use_interruptions(asker: &Asker) {
    let asker = asker.clone();
    use_effect_with((), move |()| {
        if is_hidden() {
            asker.dispatch(Action::Hidden(true));
        }
        let on_event = Closure::<dyn Fn(Event)>::new(move |event: Event| match event.type_().as_str() {
            "visibilitychange" => asker.dispatch(Action::Hidden(is_hidden())),
            "pageshow" if !is_persisted(&event) => {}
            _ => asker.dispatch(Action::Suspended),
        });
        let on_event = on_event.into_js_value();
        if let Some(window) = web_sys::window() {
            for event in EVENTS {
                // Fails only for what is no event target.
                // Those of the document do not bubble up to the window, but are captured there.
                let on_event = on_event.unchecked_ref();
                let _ = window.add_event_listener_with_callback_and_bool(event, on_event, true);
            }
        }
    });
}

fn is_persisted(event: &Event) -> bool {
    Reflect::get(event, &JsValue::from_str("persisted")).is_ok_and(|value| value.is_truthy())
}

//! Events of the window and of its document.

use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use web_sys::Event;
use yew::prelude::*;

/// An event of the document does not bubble up to the window, but is captured there. A listener may prevent what the browser does
/// with an event.
const OPTIONS: EventListenerOptions = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };

/// Calls the first `on_event` with each event that has one of these names, as long as the component lives.
#[hook]
pub(super) fn use_window_events(names: &'static [&'static str], on_event: Rc<dyn Fn(&Event)>) {
    use_effect_with((), move |()| {
        let mut listeners = Vec::new();
        if let Some(window) = web_sys::window() {
            for name in names {
                let on_event = on_event.clone();
                listeners.push(EventListener::new_with_options(&window, *name, OPTIONS, move |event| on_event(event)));
            }
        }
        move || drop(listeners)
    });
}

//! The page's policy (Content-Security-Policy), which may forbid the page to connect to its bridge.

use gloo_events::EventListener;
use wasm_bindgen::prelude::*;
use web_sys::SecurityPolicyViolationEvent;
use yew::prelude::*;

use crate::bridge;
use crate::state::{Action, State};

/// Tells the state if the policy forbids the page to connect to its bridge. The browser reports that as soon as the page looks for
/// a lab behind the bridge.
#[hook]
pub fn use_policy(dispatcher: UseReducerDispatcher<State>) {
    use_effect_with((), move |()| {
        let lab = bridge::lab_of_this_page();
        let document = web_sys::window().and_then(|window| window.document());
        let listener = document.map(|document| {
            EventListener::new(&document, "securitypolicyviolation", move |event| {
                let violation: &SecurityPolicyViolationEvent = event.unchecked_ref();
                if violation.blocked_uri().starts_with(&lab) {
                    dispatcher.dispatch(Action::ConnectionForbidden);
                }
            })
        });
        move || drop(listener)
    });
}

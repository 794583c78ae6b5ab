//! The keyboard’s focus where it stands on something that goes away, and what should be in sight.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::JsCast as _;
use web_sys::{Document, HtmlElement, window};

/// Moves it from the buttons that stop what goes on to those that begin it, before the former go away.
pub fn leave_stop_buttons() {
    let focused = document().and_then(|document| document.active_element()).map(|element| element.id());
    match focused.as_deref() {
        Some("stop") => move_to("ask"),
        Some("stop-rounds") => move_to("ask-rounds"),
        _ => {}
    }
}

fn document() -> Option<Document> {
    window()?.document()
}

/// Moves it to the element of this id, if there is one.
pub fn move_to(id: &str) {
    let element = document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Fails only for what is no element.
        let _ = element.focus();
    }
}

/// Scrolls as little as is needed for the element of this id to be in sight.
pub fn bring_into_sight(id: &str) {
    let Some(element) = document().and_then(|document| document.get_element_by_id(id)) else { return };
    let options = Object::new();
    let method = Reflect::get(&element, &"scrollIntoView".into()).ok();
    if let Some(scroll) = method.and_then(|method| method.dyn_into::<Function>().ok()) {
        // Setting a property of a new object does not fail, and a call that does leaves the page where it was.
        let _ = Reflect::set(&options, &"block".into(), &"nearest".into());
        let _ = scroll.call1(&element, &options);
    }
}

//! The keyboard's focus, where it stands on something that goes away.

use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, window};

/// Moves it to the element of this id, if there is one.
pub fn move_to(id: &str) {
    let element = window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Fails only for what is no element.
        let _ = element.focus();
    }
}

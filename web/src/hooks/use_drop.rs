//! A file that is dropped anywhere on the page.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Event, File};
use yew::prelude::*;

/// Calls `on_file` for a file that is dropped on the page.
#[hook]
pub fn use_drop(on_file: Callback<File>) {
    use_effect_with(on_file, move |on_file| {
        let listeners = web_sys::window().map(|window| {
            let on_file = on_file.clone();
            let options = EventListenerOptions::enable_prevent_default();
            [
                EventListener::new_with_options(&window, "dragover", options, allow_drop),
                EventListener::new_with_options(&window, "drop", options, move |event| {
                    let files = event.unchecked_ref::<DragEvent>().data_transfer().and_then(|data| data.files());
                    if let Some(file) = files.and_then(|files| files.get(0)) {
                        event.prevent_default();
                        on_file.emit(file);
                    }
                }),
            ]
        });
        move || drop(listeners)
    });
}

/// Without this the browser would leave the page and show the file. Other things than files are dropped where they belong.
fn allow_drop(event: &Event) {
    let data = event.unchecked_ref::<DragEvent>().data_transfer();
    if data.is_some_and(|data| data.types().includes(&JsValue::from_str("Files"), 0)) {
        event.prevent_default();
    }
}

//! Files that are dropped anywhere on the page.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Event, File, FileList};
use yew::prelude::*;

/// Calls `on_files` with the files that are dropped on the page.
#[hook]
pub fn use_drop(on_files: Callback<Vec<File>>) {
    use_effect_with(on_files, move |on_files| {
        let listeners = web_sys::window().map(|window| {
            let on_files = on_files.clone();
            let options = EventListenerOptions::enable_prevent_default();
            [
                EventListener::new_with_options(&window, "dragover", options, allow_drop),
                EventListener::new_with_options(&window, "drop", options, move |event| {
                    let files = event.unchecked_ref::<DragEvent>().data_transfer().and_then(|data| data.files());
                    if let Some(files) = files.filter(|files| files.length() > 0) {
                        event.prevent_default();
                        on_files.emit(files_of(&files));
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

/// Returns the files of a list, in its order.
pub fn files_of(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

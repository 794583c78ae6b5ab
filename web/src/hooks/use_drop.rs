//! A file that is dropped anywhere on the page.

use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, EventTarget, File, Window};
use yew::prelude::*;

type OnDrag = Closure<dyn Fn(DragEvent)>;

/// Listens while it lives.
struct Listening {
    window: Window,
    over: OnDrag,
    dropped: OnDrag,
}

impl Listening {
    fn begin(on_file: Callback<File>) -> Option<Self> {
        let window = web_sys::window()?;
        // Without this, the browser would leave the page and show the file. What is no file is dropped where it belongs.
        let over = OnDrag::new(|event: DragEvent| {
            let types = event.data_transfer().map(|transfer| transfer.types());
            if types.is_some_and(|types| types.includes(&JsValue::from_str("Files"), 0)) {
                event.prevent_default();
            }
        });
        let dropped = OnDrag::new(move |event: DragEvent| {
            let files = event.data_transfer().and_then(|transfer| transfer.files());
            if let Some(file) = files.and_then(|files| files.get(0)) {
                event.prevent_default();
                on_file.emit(file);
            }
        });
        let target: &EventTarget = &window;
        // These fail for no listener that is a function.
        let _ = target.add_event_listener_with_callback("dragover", over.as_ref().unchecked_ref());
        let _ = target.add_event_listener_with_callback("drop", dropped.as_ref().unchecked_ref());
        Some(Self { window, over, dropped })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let target: &EventTarget = &self.window;
        let _ = target.remove_event_listener_with_callback("dragover", self.over.as_ref().unchecked_ref());
        let _ = target.remove_event_listener_with_callback("drop", self.dropped.as_ref().unchecked_ref());
    }
}

/// Tells of every file that is dropped on the page.
#[hook]
pub fn use_drop(on_file: Callback<File>) {
    use_effect_with((), move |()| {
        let listening = Listening::begin(on_file);
        move || drop(listening)
    });
}

//! Files that are dropped anywhere on the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Event, File, FileList};
use yew::prelude::*;

use super::use_window_events;
use crate::shared::Shared;

/// The files that are dropped on the page. They wait until the part of the program that imports them is loaded.
#[derive(Debug, Default)]
pub struct DroppedFiles {
    waiting: RefCell<Vec<File>>,
    import: RefCell<Option<Callback<Vec<File>>>>,
}

impl DroppedFiles {
    /// Has `import` take the files from now on, and those that wait.
    pub fn import_with(&self, import: Callback<Vec<File>>) {
        let waiting = self.waiting.take();
        if !waiting.is_empty() {
            import.emit(waiting);
        }
        self.import.replace(Some(import));
    }

    fn add(&self, files: Vec<File>) {
        match &*self.import.borrow() {
            Some(import) => import.emit(files),
            None => self.waiting.borrow_mut().extend(files),
        }
    }
}

/// Takes the files that are dropped on the page, as long as the component lives.
#[hook]
pub fn use_drop() -> Shared<DroppedFiles> {
    let dropped = use_memo((), |()| Shared::<DroppedFiles>::default());
    let dropped = Shared::clone(&dropped);
    let on_event = {
        let dropped = dropped.clone();
        move |event: &Event| take_files(event, &dropped)
    };
    use_window_events(&["dragover", "drop"], Rc::new(on_event));
    dropped
}

/// Takes the files of an event. Without this the browser would leave the page and show the file. Other things than files are dropped
/// where they belong.
fn take_files(event: &Event, dropped: &DroppedFiles) {
    let Some(data) = event.unchecked_ref::<DragEvent>().data_transfer() else { return };
    if !data.types().includes(&JsValue::from_str("Files"), 0) {
        return;
    }
    event.prevent_default();
    if event.type_() == "drop"
        && let Some(files) = data.files()
    {
        dropped.add(files_of(&files));
    }
}

/// Returns the files of a list, in its order.
pub fn files_of(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

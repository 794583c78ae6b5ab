//! The import of files that a person chose or dropped: one after the other, so that each finds the room that the one before has left.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::JsString;
use js_sys::futures::{JsFuture, spawn_local};
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError};
use wasm_bindgen::JsCast as _;
use web_sys::File;
use yew::{Callback, UseReducerHandle};

use crate::files;
use crate::load::{self, LoadReport};
use crate::shared::Shared;
use crate::state::State;
use crate::turn::Turn;

/// What an export of a page names its format.
const EXPORT_FORMAT: &str = "\"launcelot\"";

/// The files that wait for their import.
#[derive(Debug, Default)]
pub struct Imports {
    waiting: RefCell<VecDeque<File>>,
    is_busy: Cell<bool>,
    /// The number of the load that was imported last.
    last_load: Cell<u32>,
}

/// Where an import leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// Imports a document.
    pub document: Callback<Rc<Document>>,
    /// Imports the report on a load.
    pub load: Callback<Shared<LoadReport>>,
    /// Returns the state as it is now.
    pub state: Callback<(), UseReducerHandle<State>>,
    /// Gets what came of a file.
    pub report: Callback<FileStatus>,
}

/// The result of importing a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileStatus {
    /// A sentence for people.
    pub message: String,
    /// Whether the file was not saved, or not imported.
    pub is_bad: bool,
    /// The name of the file.
    pub file: String,
    /// The number of the load that the file contained.
    pub load: Option<u32>,
    /// Whether the file came together with the one before, of which the sentence should stay.
    pub is_further: bool,
}

impl Imports {
    /// Imports files after those that wait already.
    pub fn add(self: &Rc<Self>, files: Vec<File>, targets: Targets) {
        self.waiting.borrow_mut().extend(files);
        if self.is_busy.replace(true) {
            return;
        }
        let imports = self.clone();
        spawn_local(async move {
            let mut is_further = false;
            while let Some(file) = imports.next() {
                let status = imports.import(&file, &targets).await;
                targets.report.emit(FileStatus { is_further, ..status });
                is_further = true;
                Turn::begin().next().await;
            }
            imports.is_busy.set(false);
        });
    }

    fn next(&self) -> Option<File> {
        self.waiting.borrow_mut().pop_front()
    }

    /// Imports a file. Returns what came of it.
    async fn import(&self, file: &File, targets: &Targets) -> FileStatus {
        let name = file.name();
        let mut load = None;
        let imported = match text_of(file).await {
            Ok(text) if is_load(&text) => {
                self.last_load.set(self.last_load.get() + 1);
                let number = self.last_load.get();
                load::report(&name, String::from(text), number).await.map(|report| {
                    load = Some(number);
                    targets.load.emit(Shared::new(report));
                    format!("Imported from {name}: load {number}.")
                })
            }
            text => {
                let document = files::read(&name, text.map(String::from), &targets.state).await;
                document.map(|(document, message)| {
                    targets.document.emit(Rc::new(document));
                    message
                })
            }
        };
        let is_bad = imported.is_err();
        let message = imported.unwrap_or_else(|why| why);
        FileStatus { message, is_bad, file: name, load, is_further: false }
    }
}

/// Whether a text is the result of a load: its format comes before all names in it, which may be anything.
fn is_load(text: &JsString) -> bool {
    let (load, export) = (text.index_of(load::FORMAT, 0), text.index_of(EXPORT_FORMAT, 0));
    load >= 0 && (export < 0 || load < export)
}

async fn text_of(file: &File) -> Result<JsString, DocumentError> {
    if file.size() > DOCUMENT_MAX_BYTES as f64 {
        return Err(DocumentError::TooLarge);
    }
    let text = JsFuture::from(file.text()).await.ok();
    text.and_then(|text| text.dyn_into().ok()).ok_or(DocumentError::NotADocument)
}

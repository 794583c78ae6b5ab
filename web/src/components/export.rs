//! Everything that was measured, to be exported, and what was exported once, imported again.

use std::rc::Rc;

use js_sys::JsString;
use js_sys::futures::{JsFuture, spawn_local};
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError};
use wasm_bindgen::JsCast as _;
use web_sys::{File, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::components::load_reports::heading;
use crate::components::pictures::Pictures;
use crate::download;
use crate::files::{self, Form};
use crate::focus;
use crate::hooks::use_drop;
use crate::load::{self, LoadReport};
use crate::pictures::Chart;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::State;
use crate::state::ids::MessageId;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be exported.
    pub available: Available,
    /// The charts that can be saved as pictures.
    pub charts: Vec<Chart>,
    /// Imports a document.
    pub import: Callback<Rc<Document>>,
    /// Imports the report on a load.
    pub import_load: Callback<Shared<LoadReport>>,
    /// Returns the state as it is now.
    pub state: Callback<(), UseReducerHandle<State>>,
}

/// Which kinds of measurements there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    runs: bool,
    rounds: bool,
    failures: bool,
}

impl Available {
    /// Returns what can be exported of a state.
    pub fn of(state: &State) -> Self {
        let is_over = |record: &crate::state::run_record::RunRecord| record.run.is_over();
        let mut rounds = state.rounds.worth_keeping();
        Self {
            runs: state.runs.iter().any(|record| is_over(record)) || state.races().any(|race| race.is_over()),
            rounds: rounds.any(|kept| kept.rounds.is_over()),
            failures: state.rounds.worth_keeping().any(|kept| !kept.rounds.failures.is_empty()),
        }
    }

    fn has(self, choice: &Choice) -> bool {
        match choice.form {
            Form::Json => self.runs || self.rounds,
            Form::Questions | Form::ChromeTrace => self.runs,
            Form::Rounds | Form::HdrHistogramLog => self.rounds,
            Form::Failures => self.failures,
        }
    }
}

/// What was said last about a file.
#[derive(Debug, Default, PartialEq)]
struct FileStatus {
    id: MessageId,
    is_bad: bool,
    message: String,
    /// The name of the file.
    file: String,
    /// The number of the load that the file contained, which takes the focus.
    load: Option<u32>,
}

impl FileStatus {
    /// The browser could not save the file with this name.
    fn not_saved(file: String) -> Self {
        let message = format!("The browser could not save {file}.");
        Self { is_bad: true, message, file, ..Self::default() }
    }
}

/// What was found in a file.
enum Found {
    Document(Document),
    Load(LoadReport),
}

/// A button that saves.
struct Choice {
    id: &'static str,
    name: &'static str,
    /// How its files end, after the day and the time.
    ending: &'static str,
    kind: &'static str,
    form: Form,
}

#[rustfmt::skip]
const CHOICES: [Choice; 6] = [
    Choice { id: "json", name: "JSON", ending: ".json", kind: "application/json", form: Form::Json },
    Choice { id: "csv", name: "CSV of the questions", ending: "-questions.csv", kind: "text/csv", form: Form::Questions },
    Choice { id: "chrome", name: "Chrome trace", ending: "-trace.json", kind: "application/json", form: Form::ChromeTrace },
    Choice { id: "csv-rounds", name: "CSV of the rounds", ending: "-rounds.csv", kind: "text/csv", form: Form::Rounds },
    Choice { id: "csv-failures", name: "CSV of the failed rounds", ending: "-failures.csv", kind: "text/csv", form: Form::Failures },
    Choice { id: "hlog", name: "HdrHistogram log", ending: ".hlog", kind: "text/plain", form: Form::HdrHistogramLog },
];

/// The section: buttons that save, and a field that takes a document; so does the whole page, when one is dropped.
#[component]
pub fn Export(Props { available, charts, import, import_load, state }: &Props) -> Html {
    mark_render("Export");
    let status = use_state(FileStatus::default);
    let say = {
        let (last, status) = (use_mut_ref(MessageId::default), status.setter());
        use_callback((), move |said: FileStatus, ()| {
            last.borrow_mut().0 += 1;
            status.set(FileStatus { id: *last.borrow(), ..said });
        })
    };
    let last_load = use_mut_ref(|| 0);
    let callbacks = (import.clone(), import_load.clone(), state.clone(), say.clone());
    let on_file = use_callback(callbacks, move |file: File, callbacks| {
        let (import, import_load, state, say) = callbacks.clone();
        *last_load.borrow_mut() += 1;
        let number = *last_load.borrow();
        spawn_local(async move {
            let name = file.name();
            let mut said = FileStatus { file: name.clone(), ..FileStatus::default() };
            match read(&file, &state.emit(()), number).await {
                Err(message) => (said.is_bad, said.message) = (true, message),
                Ok((found, message)) => {
                    said.message = message;
                    match found {
                        Found::Document(document) => import.emit(Rc::new(document)),
                        Found::Load(report) => {
                            said.load = Some(report.number);
                            import_load.emit(Shared::new(report));
                        }
                    }
                }
            }
            say.emit(said);
        });
    });
    let place = use_node_ref();
    {
        let place = place.clone();
        // A file can be dropped anywhere; what came of it should be seen.
        use_effect_with((status.id, status.load), move |(id, load)| match load {
            Some(number) => focus::move_to(&heading(*number)),
            None => {
                if let Some(place) = place.cast::<HtmlElement>().filter(|_| *id != MessageId::default()) {
                    place.scroll_into_view_with_bool(false);
                }
            }
        });
    }
    use_drop(on_file.clone());
    let on_choice = use_callback(on_file, |event: Event, on_file| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            on_file.emit(file);
        }
        // The same file may be chosen again.
        input.set_value("");
    });
    let on_failure = use_callback(say.clone(), |file: String, say| say.emit(FileStatus::not_saved(file)));
    let choices = CHOICES.iter().filter(|choice| available.has(choice));
    html! {
        <section id="take" aria-labelledby="take-title">
            <h2 id="take-title">{ "Export and import" }</h2>
            <p>
                { "Save what was measured: for a spreadsheet, for " }
                <a href="https://ui.perfetto.dev" rel="noreferrer">{ "Perfetto" }</a>
                { " (Chrome trace), or for this page on another day. To import, drop a JSON export anywhere on the page, or choose it \
                   here. A " }<code>{ "result.json" }</code>{ " of " }<code>{ "launcelot-lab load" }</code>
                { ", which lets many clients ask at once, is drawn too. The legs of each run are also tracks in the Performance panel \
                   of your browser’s developer tools." }
            </p>
            <div class="controls">
                for choice in choices {
                    <button id={["export-", choice.id].concat()} type="button" onclick={on_save(choice, state, &say)}>
                        { choice.name }
                    </button>
                }
            </div>
            <Pictures charts={charts.clone()} state={state.clone()} {on_failure} />
            <label class="pick">
                { "Import a JSON export: " }
                <input id="import" type="file" accept=".json,application/json" onchange={on_choice} />
            </label>
            <p id="import-says" translate="no" ref={place} class={if status.is_bad { "mistake" } else { "" }} role="status" data-of={status.file.clone()}>
                { &status.message }
            </p>
        </section>
    }
}

type CurrentState = Callback<(), UseReducerHandle<State>>;

fn on_save(choice: &'static Choice, state: &CurrentState, say: &Callback<FileStatus>) -> Callback<MouseEvent> {
    let (state, say) = (state.clone(), say.clone());
    Callback::from(move |_| {
        let name = download::file_name(choice.ending);
        let (state, say) = (state.emit(()), say.clone());
        spawn_local(async move {
            let text = files::write(choice.form, &state).await;
            if text.is_none_or(|text| download::save(&name, choice.kind, &text).is_err()) {
                say.emit(FileStatus::not_saved(name));
            }
        });
    })
}

/// Reads a file: the result of a load, of which the report gets this number, or else a document, as far as it adds something to the
/// state and there is room for it. Returns a sentence that says so, too.
///
/// # Errors
///
/// Returns a sentence that says why the file is not taken.
async fn read(file: &File, state: &State, load_number: u32) -> Result<(Found, String), String> {
    let name = file.name();
    let text = if file.size() > DOCUMENT_MAX_BYTES as f64 {
        Err(DocumentError::TooLarge)
    } else {
        let text = JsFuture::from(file.text()).await.ok();
        text.and_then(|text| text.dyn_into::<JsString>().ok()).ok_or(DocumentError::NotADocument)
    };
    match text {
        Ok(text) if text.includes(load::FORMAT, 0) => {
            let report = load::report(&name, &String::from(text), load_number).await?;
            let message = format!("Drawn from {name}: load {load_number}.");
            Ok((Found::Load(report), message))
        }
        text => {
            let (document, message) = files::read(&name, text.map(String::from), state).await?;
            Ok((Found::Document(document), message))
        }
    }
}

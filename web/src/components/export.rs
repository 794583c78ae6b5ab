//! Everything that was measured, to be exported, and what was exported once, imported again.

use std::rc::Rc;

use js_sys::Date;
use js_sys::futures::{JsFuture, spawn_local};
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError};
use web_sys::{File, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::download;
use crate::files::{self, Form};
use crate::hooks::use_drop;
use crate::render_mark::mark_render;
use crate::state::State;
use crate::state::ids::MessageId;
use crate::state::import::Room;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be exported.
    pub available: Available,
    /// Imports a document.
    pub import: Callback<Rc<Document>>,
    /// Returns everything that can be exported.
    pub document: Callback<(), Document>,
    /// Returns how much can be imported.
    pub room: Callback<(), Room>,
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
pub fn Export(Props { available, import, document, room }: &Props) -> Html {
    mark_render("Export");
    let status = use_state(FileStatus::default);
    let say = {
        let (last, status) = (use_mut_ref(MessageId::default), status.setter());
        use_callback((), move |(is_bad, message, file): (bool, String, String), ()| {
            last.borrow_mut().0 += 1;
            status.set(FileStatus { id: *last.borrow(), is_bad, message, file });
        })
    };
    let on_file = use_callback((import.clone(), room.clone(), say.clone()), |file: File, callbacks| {
        let (import, room, say) = callbacks.clone();
        spawn_local(async move {
            let (is_bad, message) = match read(&file, room.emit(())).await {
                Err(message) => (true, message),
                Ok((document, message)) => {
                    import.emit(Rc::new(document));
                    (false, message)
                }
            };
            say.emit((is_bad, message, file.name()));
        });
    });
    let place = use_node_ref();
    {
        let place = place.clone();
        // A file can be dropped anywhere; what came of it should be seen.
        use_effect_with(status.id, move |id| {
            if let Some(place) = place.cast::<HtmlElement>().filter(|_| *id != MessageId::default()) {
                place.scroll_into_view_with_bool(false);
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
    let choices = CHOICES.iter().filter(|choice| available.has(choice));
    html! {
        <section id="take" aria-labelledby="take-title">
            <h2 id="take-title">{ "Take it with you" }</h2>
            <p>
                { "Everything that was measured here, for a spreadsheet, for Perfetto, or for this page another day: drop an export in \
                   JSON anywhere on it, and it is drawn again. After each run, the legs are tracks in the \
                   performance panel of your browser, too." }
            </p>
            <div class="controls">
                for choice in choices {
                    <button id={["export-", choice.id].concat()} type="button" onclick={on_save(choice, document, &say)}>
                        { choice.name }
                    </button>
                }
            </div>
            <label class="pick">
                { "Bring an export back: " }
                <input id="import" type="file" accept=".json,application/json" onchange={on_choice} />
            </label>
            <p id="import-says" ref={place} class={if status.is_bad { "mistake" } else { "" }} role="status" data-of={status.file.clone()}>
                { &status.message }
            </p>
        </section>
    }
}

/// The arguments: whether the message is bad news, the message, and the name of the file.
type Say = Callback<(bool, String, String)>;

fn on_save(choice: &'static Choice, document: &Callback<(), Document>, say: &Say) -> Callback<MouseEvent> {
    let (document, say) = (document.clone(), say.clone());
    Callback::from(move |_| {
        // `2026-11-25T21:14:22`, as a file may be called.
        let now = String::from(Date::new_0().to_iso_string());
        let now = now.get(..19).unwrap_or_default().replace(':', "-");
        let name = ["launcelot-", &now, choice.ending].concat();
        let (document, say) = (document.emit(()), say.clone());
        spawn_local(async move {
            let text = files::write(choice.form, &document).await;
            if text.is_none_or(|text| download::save(&name, choice.kind, &text).is_err()) {
                say.emit((true, format!("Your browser could not save {name}."), name));
            }
        });
    })
}

/// The document in a file, as far as there is room for it, or why it is not taken, and a sentence in either case.
async fn read(file: &File, room: Room) -> Result<(Document, String), String> {
    let text = if file.size() > DOCUMENT_MAX_BYTES as f64 {
        Err(DocumentError::TooLarge)
    } else {
        let text = JsFuture::from(file.text()).await.ok();
        text.and_then(|text| text.as_string()).ok_or(DocumentError::NotADocument)
    };
    files::read(&file.name(), text, room).await
}

//! Everything that was measured, to take along, and what was taken along once, brought back.

use js_sys::Date;
use js_sys::futures::{JsFuture, spawn_local};
use launcelot_measure::export::document::{DOCUMENT_MAX_BYTES, Document, DocumentError};
use web_sys::{File, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::components::pictures::pictures;
use crate::download;
use crate::files::{self, Form};
use crate::hooks::{Asker, use_drop};
use crate::state::race::Race;

/// What it shows and acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// What was said last of a file.
#[derive(Default)]
struct Said {
    /// When it was said, in milliseconds since 1970: the same may be said twice.
    at: f64,
    is_bad: bool,
    words: String,
    /// Which file.
    of: String,
}

impl Said {
    /// That the browser could not save the file of this name.
    fn unsaved(name: String) -> Self {
        let words = format!("Your browser could not save {name}.");
        Self { at: Date::now(), is_bad: true, words, of: name }
    }
}

/// A button that saves.
struct Choice {
    id: &'static str,
    name: &'static str,
    /// How its files end, after the day and the time.
    ending: &'static str,
    kind: &'static str,
    form: Form,
    /// Whether it is of rounds, or else of runs.
    is_of_rounds: bool,
}

#[rustfmt::skip]
const CHOICES: [Choice; 6] = [
    Choice { id: "json", name: "JSON", ending: ".json", kind: "application/json", form: Form::Json, is_of_rounds: false },
    Choice { id: "csv", name: "CSV of the questions", ending: "-questions.csv", kind: "text/csv", form: Form::Questions, is_of_rounds: false },
    Choice { id: "chrome", name: "Chrome trace", ending: "-trace.json", kind: "application/json", form: Form::ChromeTrace, is_of_rounds: false },
    Choice { id: "csv-rounds", name: "CSV of the rounds", ending: "-rounds.csv", kind: "text/csv", form: Form::Rounds, is_of_rounds: true },
    Choice { id: "csv-failures", name: "CSV of the failed rounds", ending: "-failures.csv", kind: "text/csv", form: Form::Failures, is_of_rounds: true },
    Choice { id: "hlog", name: "HdrHistogram log", ending: ".hlog", kind: "text/plain", form: Form::HdrHistogramLog, is_of_rounds: true },
];

/// The section: buttons that save, and a field that takes a document; so does the whole page, when one is dropped.
#[component]
pub fn TakeAlong(props: &Props) -> Html {
    let says = use_state(Said::default);
    let on_file = {
        let (asker, says) = (props.asker.clone(), says.clone());
        Callback::from(move |file: File| {
            let (asker, says) = (asker.clone(), says.clone());
            spawn_local(async move {
                let (is_bad, words) = match read(&file, &asker).await {
                    Err(words) => (true, words),
                    Ok((document, words)) => {
                        asker.import(document);
                        (false, words)
                    }
                };
                says.set(Said { at: Date::now(), is_bad, words, of: file.name() });
            });
        })
    };
    let place = use_node_ref();
    {
        let place = place.clone();
        // A file can be dropped anywhere; what came of it is to be seen.
        use_effect_with(says.at, move |at| {
            if let Some(place) = place.cast::<HtmlElement>().filter(|_| *at > 0.0) {
                place.scroll_into_view_with_bool(false);
            }
        });
    }
    // The listener is made once and outlives this drawing, so it is told of the file by whoever is drawn last.
    let latest = use_mut_ref(|| on_file.clone());
    latest.replace(on_file.clone());
    use_drop(Callback::from(move |file| latest.borrow().emit(file)));
    let on_choice = Callback::from(move |event: Event| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            on_file.emit(file);
        }
        // The same file may be chosen again.
        input.set_value("");
    });
    let state = props.asker.state();
    let has_runs = state.runs.iter().any(|numbered| numbered.run.is_over()) || state.races().any(Race::is_over);
    let has_rounds = state.rounds.worth_keeping().any(|kept| kept.rounds.is_over());
    let has_failures = state.rounds.worth_keeping().any(|kept| !kept.rounds.failures.is_empty());
    let on_failure = {
        let says = says.clone();
        Callback::from(move |name| says.set(Said::unsaved(name)))
    };
    let choices = CHOICES.iter().filter(|choice| {
        if choice.form == Form::Failures {
            has_failures
        } else if choice.is_of_rounds {
            has_rounds
        } else {
            has_runs || choice.form == Form::Json && has_rounds
        }
    });
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
                    <button id={["export-", choice.id].concat()} type="button" onclick={on_save(choice, &props.asker, &says)}>
                        { choice.name }
                    </button>
                }
            </div>
            { pictures(&props.asker, &on_failure) }
            <label class="pick">
                { "Bring an export back: " }
                <input id="import" type="file" accept=".json,application/json" onchange={on_choice} />
            </label>
            <p id="import-says" ref={place} class={if says.is_bad { "mistake" } else { "" }} role="status" data-of={says.of.clone()}>
                { &says.words }
            </p>
        </section>
    }
}

fn on_save(choice: &'static Choice, asker: &Asker, says: &UseStateHandle<Said>) -> Callback<MouseEvent> {
    let (asker, says) = (asker.clone(), says.clone());
    Callback::from(move |_| {
        let name = download::file_name(choice.ending);
        let (document, says) = (asker.state().document(), says.clone());
        spawn_local(async move {
            let text = files::write(choice.form, &document).await;
            if text.is_none_or(|text| download::save(&name, choice.kind, &text).is_err()) {
                says.set(Said::unsaved(name));
            }
        });
    })
}

/// What is new in a file, as far as there is room for it, or why it is not taken, and a sentence in either case.
async fn read(file: &File, asker: &Asker) -> Result<(Document, String), String> {
    let text = if file.size() > DOCUMENT_MAX_BYTES as f64 {
        Err(DocumentError::TooLarge)
    } else {
        let text = JsFuture::from(file.text()).await.ok();
        text.and_then(|text| text.as_string()).ok_or(DocumentError::NotADocument)
    };
    let state = asker.state();
    files::read(&file.name(), text, &state.document(), state.room()).await
}

//! Everything that was measured, to be exported, and what was exported once, imported again.

use std::rc::Rc;

use js_sys::futures::spawn_local;
use launcelot_measure::export::Document;
use web_sys::{File, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use crate::components::clear_everything::ClearEverything;
use crate::components::pictures::Pictures;
use crate::download;
use crate::files::{self, Form};
use crate::histograms::SharedHistograms;
use crate::hooks::{DroppedFiles, files_of};
use crate::imports::{FileStatus, Imports, Targets};
use crate::load::LoadReport;
use crate::pictures::Chart;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::State;
use crate::state::ids::MessageId;
use crate::text::import as text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be exported.
    pub available: Available,
    /// The charts that can be saved as pictures.
    pub charts: Vec<Chart>,
    pub histograms: SharedHistograms,
    /// Why nothing can be cleared now, if nothing can.
    pub busy: Option<&'static str>,
    /// Clears everything.
    pub clear: Callback<()>,
    /// Imports a document.
    pub import: Callback<Rc<Document>>,
    /// Imports the report on a load.
    pub import_load: Callback<Shared<LoadReport>>,
    /// Returns the state as it is now.
    pub state: Callback<(), UseReducerHandle<State>>,
    /// The files that are dropped on the page.
    pub dropped: Shared<DroppedFiles>,
}

/// Which kinds of measurements there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    runs: bool,
    /// Series with an answered round.
    rounds: bool,
    failures: bool,
    /// Whether there is anything, also what cannot be exported.
    anything: bool,
}

impl Available {
    /// Returns what can be exported of a state.
    pub fn of(state: &State) -> Self {
        let is_over = |record: &crate::state::run_record::RunRecord| record.run.is_over();
        let mut rounds = state.rounds.worth_keeping();
        Self {
            runs: state.runs.iter().any(|record| is_over(record)) || state.races().any(|race| race.is_over()),
            rounds: rounds.any(|kept| kept.rounds.is_over()),
            anything: !state.is_empty(),
            failures: state.rounds.kept.iter().any(|kept| kept.rounds.is_over() && !kept.rounds.failures.is_empty()),
        }
    }

    fn has(self, choice: &Choice) -> bool {
        match choice.form {
            Form::Json => self.runs || self.rounds,
            Form::Questions | Form::ChromeTrace => self.runs,
            // A series without an answered round has a line, too.
            Form::Rounds => self.rounds || self.failures,
            Form::HdrHistogramLog => self.rounds,
            Form::Failures => self.failures,
        }
    }
}

/// What was reported about a file.
#[derive(Debug, Clone, PartialEq)]
struct ReportedFile {
    id: MessageId,
    status: FileStatus,
}

/// The browser could not save the file with this name.
fn not_saved(file: String) -> FileStatus {
    let message = text::not_saved(&file);
    FileStatus { is_bad: true, message, file, ..FileStatus::default() }
}

/// A button that saves.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    id: &'static str,
    name: &'static str,
    /// How its files end, after the day and the time.
    ending: &'static str,
    kind: &'static str,
    form: Form,
}

#[rustfmt::skip]
static CHOICES: [Choice; 6] = [
    Choice { id: "json", name: "JSON", ending: ".json", kind: "application/json", form: Form::Json },
    Choice { id: "csv", name: "CSV of the questions", ending: "-questions.csv", kind: "text/csv", form: Form::Questions },
    Choice { id: "chrome", name: "Chrome trace", ending: "-trace.json", kind: "application/json", form: Form::ChromeTrace },
    Choice { id: "csv-rounds", name: "CSV of the rounds", ending: "-rounds.csv", kind: "text/csv", form: Form::Rounds },
    Choice { id: "csv-failures", name: "CSV of the failed rounds", ending: "-failures.csv", kind: "text/csv", form: Form::Failures },
    Choice { id: "hlog", name: "HdrHistogram log", ending: ".hlog", kind: "text/plain", form: Form::HdrHistogramLog },
];

/// The section: buttons that save, and a field that takes a document; so does the whole page, when one is dropped.
#[component]
pub fn Export(
    Props { available, charts, histograms, busy, clear, import, import_load, state, dropped }: &Props,
) -> Html {
    mark_render("Export");
    let reports = use_state(Vec::<ReportedFile>::new);
    let report = {
        let (reported, setter) = (use_mut_ref(|| (MessageId::default(), Vec::<ReportedFile>::new())), reports.setter());
        use_callback((), move |status: FileStatus, ()| {
            let (last, all) = &mut *reported.borrow_mut();
            last.0 += 1;
            if !status.is_further {
                all.clear();
            }
            all.push(ReportedFile { id: *last, status });
            setter.set(all.clone());
        })
    };
    let imports = use_memo((), |()| Imports::default());
    let targets =
        Targets { document: import.clone(), load: import_load.clone(), state: state.clone(), report: report.clone() };
    let on_files = use_callback(targets, move |files: Vec<File>, targets| imports.add(files, targets.clone()));
    let last = reports.last();
    let place = use_node_ref();
    {
        let place = place.clone();
        // A file can be dropped anywhere; what came of it should be seen.
        use_effect_with(last.map(|reported| (reported.id, reported.status.load)), move |reported| {
            // The report on a load takes the focus itself.
            if let Some((_, None)) = reported
                && let Some(place) = place.cast::<HtmlElement>()
            {
                place.scroll_into_view_with_bool(false);
            }
        });
    }
    {
        let dropped = dropped.clone();
        use_effect_with(on_files.clone(), move |on_files| dropped.import_with(on_files.clone()));
    }
    let on_choice = use_callback(on_files, |event: Event, on_files| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        if let Some(files) = input.files() {
            on_files.emit(files_of(&files));
        }
        // The same file may be chosen again.
        input.set_value("");
    });
    let on_failure = use_callback(report.clone(), |file: String, report| report.emit(not_saved(file)));
    html! {
        <section id="export" aria-labelledby="export-title">
            <h2 id="export-title">{ "Export and import" }</h2>
            <p>
                { "Save what was measured: for a spreadsheet, for " }
                <a href="https://ui.perfetto.dev" rel="noreferrer">{ "Perfetto" }</a>
                { " (Chrome trace), or for this page on another day (JSON). To import, drop JSON exports anywhere on the page, or choose them \
                   here. A " }<code>{ "result.json" }</code>{ " of " }<code>{ "launcelot-lab load" }</code>
                { ", which runs many clients at once, can be imported, too. In Chromium, the Performance panel of the developer tools \
                   also shows the legs of each run as tracks." }
            </p>
            <div class="controls">
                for choice in CHOICES.iter().filter(|choice| available.has(choice)) {
                    <SaveButton key={choice.id} {choice} state={state.clone()} report={report.clone()} />
                }
            </div>
            <Pictures charts={charts.clone()} histograms={histograms.clone()} state={state.clone()} {on_failure} />
            <label class="labelled">
                { "Import JSON exports: " }
                <input id="import" type="file" multiple=true accept=".json,application/json" onchange={on_choice} />
            </label>
            <div id="import-message" translate="no" ref={place} role="status" aria-atomic="false"
                data-of={last.map(|reported| reported.status.file.clone()).unwrap_or_default()}>
                for ReportedFile { id, status } in reports.iter() {
                    <p key={id.0} class={status.is_bad.then_some("mistake")}>{ &status.message }</p>
                }
            </div>
            if available.anything {
                <ClearEverything {busy} {clear} />
            }
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct SaveProps {
    choice: &'static Choice,
    /// Returns the state as it is now.
    state: Callback<(), UseReducerHandle<State>>,
    /// Gets a file that could not be saved.
    report: Callback<FileStatus>,
}

/// A button that saves a file.
#[component]
fn SaveButton(SaveProps { choice, state, report }: &SaveProps) -> Html {
    mark_render("SaveButton");
    let choice = *choice;
    let on_save = use_callback((state.clone(), report.clone()), move |_: MouseEvent, (state, report)| {
        let name = download::file_name(choice.ending);
        let (state, report) = (state.emit(()), report.clone());
        spawn_local(async move {
            let text = files::write(choice.form, &state).await;
            if text.is_none_or(|text| download::save(&name, choice.kind, &text).is_err()) {
                report.emit(not_saved(name));
            }
        });
    });
    html! { <button id={["export-", choice.id].concat()} type="button" onclick={on_save}>{ choice.name }</button> }
}

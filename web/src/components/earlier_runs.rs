//! The earlier runs, each of which can be compared with the newest, or removed.

use launcelot_measure::{RunStatus, Span, Unit};
use yew::prelude::*;

use crate::components::timetable;
use crate::focus;
use crate::provenance;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::ids::RunId;
use crate::state::run_record::RunRecord;
use crate::text::{self, mishap};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The runs before the newest, the oldest first.
    pub runs: Vec<Shared<RunRecord>>,
    /// Those that are compared with the newest.
    pub compared: Vec<Shared<RunRecord>>,
    /// Whether the browser could not store a run or a race.
    pub is_unstored: bool,
    /// Compares a run with the newest, or stops comparing it.
    pub compare: Callback<RunId>,
    /// Removes a run.
    pub remove: Callback<RunId>,
}

/// The section, which appears with the second run, or with the warning that what is measured is not stored.
#[component]
pub fn EarlierRuns(Props { runs, compared, is_unstored, compare, remove }: &Props) -> Html {
    mark_render("EarlierRuns");
    if runs.is_empty() && !is_unstored {
        return Html::default();
    }
    html! {
        <section aria-labelledby="runs-title">
            <h2 id="runs-title">{ "Earlier runs" }</h2>
            if !runs.is_empty() {
                <p>{ "If you compare a run with the newest, its bars appear below the newest run’s, labelled with its number." }</p>
                { table(runs, compared, compare, remove) }
            }
            if *is_unstored {
                <p id="runs-unstored" class="hint" role="alert">{ mishap::not_stored("runs and races") }</p>
            }
        </section>
    }
}

/// The runs, the newest first.
fn table(
    runs: &[Shared<RunRecord>],
    compared: &[Shared<RunRecord>],
    compare: &Callback<RunId>,
    remove: &Callback<RunId>,
) -> Html {
    let longest = runs.iter().map(|record| record.run.until().max(record.run.clock_step)).max();
    let unit = Unit::for_longest(longest.unwrap_or_default());
    let next_focus = if runs.len() > 1 { "runs" } else { "ask" };
    html! {
        <table id="runs" class="runs" role="table" translate="no" tabindex="-1" aria-labelledby="runs-title">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">{ "Run" }</th>
                    <th role="columnheader" scope="col">{ "What was asked" }</th>
                    <th role="columnheader" scope="col" class="took">{ "Connecting" }</th>
                    <th role="columnheader" scope="col" class="took">{ "All answers" }</th>
                    <th role="columnheader" scope="col"><span class="unseen">{ "Actions" }</span></th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                for record in runs.iter().rev() {
                    <EarlierRun key={record.id.0} record={record.clone()} is_compared={compared.contains(record)} {unit} {next_focus}
                        compare={compare.clone()} remove={remove.clone()} />
                }
            </tbody>
        </table>
    }
}

#[derive(PartialEq, Properties)]
struct RunProps {
    record: Shared<RunRecord>,
    /// Whether it is compared with the newest.
    is_compared: bool,
    /// The unit of the figures.
    unit: Unit,
    /// The element that gets the focus when the run is removed.
    next_focus: &'static str,
    compare: Callback<RunId>,
    remove: Callback<RunId>,
}

/// A run.
#[component]
fn EarlierRun(RunProps { record, is_compared, unit, next_focus, compare, remove }: &RunProps) -> Html {
    mark_render("EarlierRun");
    let RunRecord { id, number, run, is_imported, .. } = &**record;
    let on_toggle = use_callback((*id, compare.clone()), |_: MouseEvent, (id, compare)| compare.emit(*id));
    let on_remove = use_callback((*id, *next_focus, remove.clone()), |_: MouseEvent, (id, next_focus, remove)| {
        focus::move_to(next_focus);
        remove.emit(*id);
    });
    let measured = text::provenance::of_run(record, record.provenance.began.map(provenance::for_people));
    let took = |span: Option<Span>| match span {
        Some(span) => [&timetable::figure(*unit, span, run.clock_step), "\u{a0}", unit.symbol()].concat(),
        None => "–".to_owned(),
    };
    html! {
        <tr role="row" data-run={number.to_string()}>
            <th role="rowheader" scope="row">{ number }</th>
            <td role="cell">
                { asked(record) }
                if *is_imported {
                    { " " }<span class="imported">{ "imported" }</span>
                }
                if !measured.is_empty() {
                    <small>{ measured }</small>
                }
            </td>
            <td role="cell" class="took" data-label="connecting">{ took(run.connecting) }</td>
            <td role="cell" class="took" data-label="all answers">{ took(run.asking()) }</td>
            <td role="cell" class="act">
                <button type="button" aria-pressed={is_compared.to_string()} onclick={on_toggle}>
                    { "Compare" }<span class="unseen">{ format!(" run {number}") }</span>
                </button>
                <button type="button" onclick={on_remove}>
                    { "Remove" }<span class="unseen">{ format!(" run {number}") }</span>
                </button>
            </td>
        </tr>
    }
}

/// What was asked and how it went, in a few words.
fn asked(record: &RunRecord) -> String {
    let run = &record.run;
    let what = match run.questions.as_slice() {
        [only] => format!("“{}”", only.question),
        all => format!("{} questions, {}", all.len(), text::in_words(run.order)),
    };
    let what = match text::link::route_of(record) {
        None => what,
        Some(route) => [&what, ", ", &route].concat(),
    };
    let all = run.questions.len();
    match run.status {
        RunStatus::Complete | RunStatus::Running => what,
        RunStatus::Stopped => format!("{what}; stopped after {} of {all} answers", run.answered()),
        RunStatus::Broken(_) => format!("{what}; failed after {} of {all} answers", run.answered()),
    }
}

//! The earlier runs, each of which can be laid below the newest.

use launcelot_measure::{RunStatus, Span, Unit};
use yew::prelude::*;

use crate::components::timetable;
use crate::hooks::Asker;
use crate::state::{Action, RunRecord};
use crate::text;

/// What it shows and acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The list, the newest first. It appears with the second run.
#[component]
pub fn Runs(props: &Props) -> Html {
    let asker = &props.asker;
    let runs = &asker.state().runs;
    if runs.len() < 2 {
        return Html::default();
    }
    let longest = runs.iter().map(|numbered| numbered.run.until().max(numbered.run.clock_step)).max();
    let unit = Unit::for_longest(longest.unwrap_or_default());
    html! {
        <section aria-labelledby="runs-title">
            <h2 id="runs-title">{ "Earlier runs" }</h2>
            <p>{ "Lay one below the newest, and both are drawn on one time axis." }</p>
            <table id="runs" class="runs" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{ "Run" }</th>
                        <th role="columnheader" scope="col">{ "Asked" }</th>
                        <th role="columnheader" scope="col" class="took">{ "Connecting" }</th>
                        <th role="columnheader" scope="col" class="took">{ "All answers" }</th>
                        <th role="columnheader" scope="col"><span class="unseen">{ "Compare" }</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    for numbered in runs.iter().rev().skip(1) {
                        { drawn(asker, numbered, unit) }
                    }
                </tbody>
            </table>
        </section>
    }
}

fn drawn(asker: &Asker, numbered: &RunRecord, unit: Unit) -> Html {
    let RunRecord { number, run, is_imported, .. } = numbered;
    let number = *number;
    let is_ghost = asker.state().ghosts.contains(&number);
    let on_toggle = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| asker.dispatch(Action::GhostToggled(number)))
    };
    let took = |span: Option<Span>| match span {
        Some(span) => [&timetable::figure(unit, span, run.clock_step), "\u{a0}", unit.symbol()].concat(),
        None => "–".to_owned(),
    };
    html! {
        <tr role="row" key={number} data-run={number.to_string()}>
            <th role="rowheader" scope="row">{ number }</th>
            <td role="cell">
                { asked(numbered) }
                if *is_imported {
                    { " " }<span class="imported">{ "imported" }</span>
                }
            </td>
            <td role="cell" class="took" data-label="connecting">{ took(run.connecting) }</td>
            <td role="cell" class="took" data-label="all answers">{ took(run.asking()) }</td>
            <td role="cell" class="act">
                <button type="button" aria-pressed={is_ghost.to_string()} onclick={on_toggle}>
                    { if is_ghost { "Laid below" } else { "Lay below" } }
                    <span class="unseen">{ format!(", run {number}") }</span>
                </button>
            </td>
        </tr>
    }
}

/// What was asked and how it went, in a few words.
fn asked(numbered: &RunRecord) -> String {
    let run = &numbered.run;
    let what = match run.questions.as_slice() {
        [only] => format!("“{}”", only.question),
        all => format!("{} questions, {}", all.len(), text::in_words(run.order)),
    };
    let what = match text::link::route_of(numbered) {
        None => what,
        Some(route) => [&what, ", ", &route].concat(),
    };
    let all = run.questions.len();
    match run.status {
        RunStatus::Complete | RunStatus::Running => what,
        RunStatus::Stopped => format!("{what}; stopped after {} of {all} answers", run.answered()),
        RunStatus::Broken(_) => format!("{what}; broke after {} of {all} answers", run.answered()),
    }
}

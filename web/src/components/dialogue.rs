//! The table of the dialogue, which is the waterfall.

use launcelot_charts::{Scale, waterfall};
use launcelot_measure::{Ending, Span};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::hooks::Asker;
use crate::rows::{self, Row};
use crate::state::State;
use crate::words;

/// What it shows.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// A row for connecting and one for each question, all on one time axis.
///
/// The roles are spelled out because the style sheet lays rows out as grids, and browsers then
/// forget that they are rows.
#[component]
pub fn Dialogue(props: &Props) -> Html {
    let state = props.asker.state();
    let scale = rows::scale(state);
    let unit = scale.map_or("", |scale| scale.unit().sign());
    let axis = scale.map(|scale| html! { <Drawing svg={waterfall::axis(&scale)} /> });
    let over = state.newest().filter(|newest| newest.run.is_over());
    html! {
        <>
        <table id="dialogue" class="dialogue" role="table" data-state={data_state(state)}
            data-run={state.newest().map(|newest| newest.number.to_string())}>
            <caption class="unseen">{ "The dialogue: each step, its answer, when it happened, and how long it took" }</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col" class="question"><span class="unseen">{ "Step" }</span></th>
                    <th role="columnheader" scope="col" class="answer"><span class="unseen">{ "Answer" }</span></th>
                    <th role="columnheader" scope="col" class="when"><span class="unseen">{ "When" }</span>{ axis }</th>
                    <th role="columnheader" scope="col" class="took"><span class="unseen">{ "Took, in " }</span>{ unit }</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                for row in rows::of(state) {
                    { drawn(&row, scale) }
                }
            </tbody>
        </table>
        if let Some(over) = over {
            <p class="limits">{ words::limits::of_run(&over.run, props.asker.cores()) }</p>
        }
        </>
    }
}

fn drawn(row: &Row, scale: Option<Scale>) -> Html {
    let took = match (row.span().map(Span::took), scale) {
        (Some(took), Some(scale)) => scale.unit().figure(took),
        _ => "–".to_owned(),
    };
    let answer =
        row.answer.as_ref().map(|answer| html! { <q class={classes!(row.is_error.then_some("error"))}>{ answer }</q> });
    let drawing = scale.map(|scale| html! { <Drawing svg={row.drawing(&scale)} /> });
    html! {
        <tr role="row">
            <th role="rowheader" scope="row" class="question">{ &row.words }</th>
            <td role="cell" class="answer">{ answer }</td>
            <td role="cell" class="when"><span class="unseen">{ row.bar_in_words() }</span>{ drawing }</td>
            <td role="cell" class="took">{ took }</td>
        </tr>
    }
}

fn data_state(state: &State) -> &'static str {
    match state.newest().map(|newest| &newest.run.ending) {
        None => "idle",
        Some(Ending::Running) => "running",
        Some(Ending::Complete) => "complete",
        Some(Ending::Stopped) => "stopped",
        Some(Ending::Broken(_)) => "broken",
    }
}

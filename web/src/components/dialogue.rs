//! The table of the dialogue, which is the waterfall.

use launcelot_charts::Scale;
use launcelot_measure::Unit;
use yew::prelude::*;

use crate::components::timetable::{self, Line};
use crate::hooks::Asker;
use crate::rows::{self, Row};
use crate::text;

/// What it shows.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// A row for connecting and one for each question, all on one time axis.
#[component]
pub fn Dialogue(props: &Props) -> Html {
    let state = props.asker.state();
    let scale = rows::scale(state);
    let over = state.newest().filter(|newest| newest.run.is_over());
    let caption = "The dialogue: each step, its answer, when it happened, and how long it took";
    html! {
        <>
            <table id="dialogue" class="dialogue" role="table" data-state={text::state(state.newest().map(|newest| &newest.run.status))}
                data-run={state.newest().map(|newest| newest.number.to_string())}>
                { timetable::head(caption, ["Step", "Answer"], scale) }
                { timetable::body(rows::of(state).iter().map(|row| line(row, scale, rows::unit(state)))) }
            </table>
            if let Some(over) = over {
                <p class="limits">{ text::limits::of_run(over) }</p>
            }
        </>
    }
}

fn line(row: &Row, scale: Option<Scale>, unit: Unit) -> Line {
    let took = row.span().map(|span| timetable::figure(unit, span, row.clock_step));
    let answer =
        row.answer.as_ref().map(|answer| html! { <q class={classes!(row.is_error.then_some("error"))}>{ answer }</q> });
    Line {
        words: row.words.clone(),
        answer: answer.unwrap_or_default(),
        when: row.bar_in_words(unit),
        svg: scale.map(|scale| row.drawing(&scale)),
        took: took.unwrap_or_else(|| "–".to_owned()),
    }
}

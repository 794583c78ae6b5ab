//! The table of the dialogue, which is the waterfall.

use std::rc::Rc;

use launcelot_charts::Scale;
use launcelot_measure::Unit;
use yew::prelude::*;

use crate::components::timetable::{self, TimetableHead, TimetableRow};
use crate::render_mark::mark_render;
use crate::rows::{self, Row};
use crate::shared::Shared;
use crate::state::run_record::RunRecord;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The newest run.
    pub newest: Option<Shared<RunRecord>>,
    /// The runs that are compared with it.
    pub compared: Vec<Shared<RunRecord>>,
}

/// A row for connecting and one for each question, all on one time axis.
#[component]
pub fn Dialogue(Props { newest, compared }: &Props) -> Html {
    mark_render("Dialogue");
    let newest = newest.as_deref();
    let scale = rows::scale(newest, compared);
    let unit = rows::unit(newest, compared);
    let over = newest.filter(|newest| newest.run.is_over());
    let caption = "The dialogue: each step with its answer, when it happened, and how long it took";
    html! {
        <>
            <table id="dialogue" class="dialogue" role="table" data-state={text::state(newest.map(|newest| &newest.run.status))}
                data-run={newest.map(|newest| newest.number.to_string())}>
                <TimetableHead {caption} columns={["Step", "Answer"]} {scale} />
                <tbody role="rowgroup">
                    for (index, row) in rows::of(newest, compared, unit).into_iter().enumerate() {
                        <DialogueRow key={index} {row} {scale} {unit} />
                    }
                </tbody>
            </table>
            if let Some(over) = over {
                <p class="limits">{ text::limits::of_run(over) }</p>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct RowProps {
    row: Row,
    /// The axis, as soon as there is one.
    scale: Option<Scale>,
    /// The unit of the figures.
    unit: Unit,
}

/// A step of the dialogue.
#[component]
fn DialogueRow(RowProps { row, scale, unit }: &RowProps) -> Html {
    mark_render("DialogueRow");
    let took = row.span().map(|span| timetable::figure(*unit, span, row.clock_step));
    let drawing = scale.map(|scale| Rc::new(row.drawing(&scale)));
    html! {
        <TimetableRow words={row.words.clone()} when={row.bar_in_words(*unit)} {drawing} took={took.unwrap_or_else(|| "–".to_owned())}>
            if let Some(answer) = &row.answer {
                <q class={classes!(row.is_error.then_some("error"))}>{ answer }</q>
            }
        </TimetableRow>
    }
}

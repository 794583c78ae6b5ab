//! A table whose rows stand on one time axis: words, what came of them, when, and how long it took.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::{Element, Scale, waterfall};
use launcelot_measure::{Span, Unit};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct HeadProps {
    pub caption: &'static str,
    /// The headings of the first two columns.
    pub columns: [&'static str; 2],
    /// The axis, once there is one.
    pub scale: Option<Scale>,
}

/// What stands above the rows: the headings, and the axis under its own.
///
/// The roles are spelled out because the style sheet lays rows out as grids, and browsers then
/// forget that they are rows.
#[component]
pub fn TimetableHead(HeadProps { caption, columns: [step, answer], scale }: &HeadProps) -> Html {
    mark_render("TimetableHead");
    let unit = scale.map(|scale| [", in ", scale.unit().symbol()].concat()).unwrap_or_default();
    let when = ["Time since the start", &unit].concat();
    let took = ["Took", &unit].concat();
    let axis = scale.map(|scale| Rc::new(waterfall::axis(&scale)));
    html! {
        <>
            <caption class="unseen">{ *caption }</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col" class="question">{ *step }</th>
                    <th role="columnheader" scope="col" class="answer">{ *answer }</th>
                    <th role="columnheader" scope="col" class="when">
                        { when }
                        if let Some(element) = axis {
                            <Drawing {element} />
                        }
                    </th>
                    <th role="columnheader" scope="col" class="took">{ took }</th>
                </tr>
            </thead>
        </>
    }
}

#[derive(PartialEq, Properties)]
pub struct RowProps {
    /// What was done.
    pub words: String,
    /// Its outcome.
    pub children: Html,
    /// When it happened, in words.
    pub when: String,
    /// The same as a drawing.
    pub drawing: Option<Rc<Element>>,
    /// How long it took, in the unit of the axis.
    pub took: String,
}

/// A row.
#[component]
pub fn TimetableRow(RowProps { words, children, when, drawing, took }: &RowProps) -> Html {
    mark_render("TimetableRow");
    html! {
        <tr role="row">
            <th role="rowheader" scope="row" class="question">{ words }</th>
            <td role="cell" class="answer">{ children.clone() }</td>
            <td role="cell" class="when">
                <span class="unseen">{ when }</span>
                if let Some(element) = drawing {
                    <Drawing {element} />
                }
            </td>
            <td role="cell" class="took">{ took }</td>
        </tr>
    }
}

/// How long something took, in the unit of its column: `< 16.700` if that was less than a step of the clock. It is the difference of
/// the start and the end as they are shown.
pub fn figure(unit: Unit, span: Span, clock_step: Duration) -> String {
    if span.took() < clock_step {
        return ["< ", &unit.figure(clock_step)].concat();
    }
    unit.figure_between(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_below_a_step_of_the_clock_is_not_shown_as_zero() {
        let span = |until| Span { from: Duration::ZERO, until: Duration::from_micros(until) };
        let figure = |took| figure(Unit::Milliseconds, span(took), Duration::from_micros(16_700));
        assert_eq!([0, 16_700].map(figure), ["< 16.700", "16.700"]);
    }
}

//! A table whose rows stand on one time axis: words, what came of them, when, and how long it took.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::{Element, Scale, waterfall};
use launcelot_measure::{Span, Unit};
use yew::prelude::*;

use crate::components::drawing::Drawing;

/// The contents of a row.
pub struct Line {
    /// What was done.
    pub words: String,
    /// Its outcome.
    pub answer: Html,
    /// When it happened, in words.
    pub when: String,
    /// The same as a drawing.
    pub drawing: Option<Element>,
    /// How long it took, in the unit of the axis.
    pub took: String,
}

/// How long something took, in the unit of its column: `< 16.700` if that was less than a step of the clock. It is the difference of
/// the start and the end as they are shown.
pub fn figure(unit: Unit, span: Span, clock_step: Duration) -> String {
    if span.took() < clock_step {
        return ["< ", &unit.figure(clock_step)].concat();
    }
    unit.figure_between(span)
}

/// What stands above the rows: the headings, and the axis under its own.
///
/// The roles are spelled out because the style sheet lays rows out as grids, and browsers then
/// forget that they are rows.
#[inline(never)]
pub fn head(caption: &'static str, [step, answer]: [&'static str; 2], scale: Option<Scale>) -> Html {
    let unit = scale.map(|scale| [", in ", scale.unit().symbol()].concat()).unwrap_or_default();
    let when = ["Time since the start", &unit].concat();
    let took = ["Took", &unit].concat();
    let axis = scale.map(|scale| draw(waterfall::axis(&scale)));
    html! {
        <>
            <caption class="unseen">{ caption }</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col" class="question">{ step }</th>
                    <th role="columnheader" scope="col" class="answer">{ answer }</th>
                    <th role="columnheader" scope="col" class="when">{ when }{ axis }</th>
                    <th role="columnheader" scope="col" class="took">{ took }</th>
                </tr>
            </thead>
        </>
    }
}

/// Draws a row.
#[inline(never)]
pub fn row(line: Line) -> Html {
    let Line { words, answer, when, drawing, took } = line;
    html! {
        <tr role="row">
            <th role="rowheader" scope="row" class="question">{ words }</th>
            <td role="cell" class="answer">{ answer }</td>
            <td role="cell" class="when">
                <span class="unseen">{ when }</span>{ drawing.map(draw) }
            </td>
            <td role="cell" class="took">{ took }</td>
        </tr>
    }
}

fn draw(element: Element) -> Html {
    html! { <Drawing element={Rc::new(element)} /> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_less_than_a_step_of_the_clock_is_not_said_to_have_taken_no_time() {
        let span = |until| Span { from: Duration::ZERO, until: Duration::from_micros(until) };
        let figure = |took| figure(Unit::Milliseconds, span(took), Duration::from_micros(16_700));
        assert_eq!([0, 16_700].map(figure), ["< 16.700", "16.700"]);
    }
}

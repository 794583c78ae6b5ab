//! A line that leads on from a run: what to change before asking again.

use launcelot_measure::RunStatus;
use yew::prelude::*;

use crate::bridge::Route;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::run_record::RunRecord;
use crate::text::next_step::{self as text, Next};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The newest run, if it is over.
    pub newest: Option<Shared<RunRecord>>,
    /// Whether it is the first of this visit.
    pub is_first: bool,
    /// Whether there is a lab, whose tunnel can lengthen the link.
    pub has_lab: bool,
}

/// The line; nothing before a run of this page is complete.
#[component]
pub fn NextStep(Props { newest, is_first, has_lab }: &Props) -> Html {
    mark_render("NextStep");
    let complete = newest.as_ref().filter(|it| it.run.status == RunStatus::Complete && !it.is_imported);
    let Some(complete) = complete else { return Html::default() };
    let route = Route::of(&complete.run.target);
    let next = match Next::after(complete.run.order, route, *has_lab) {
        Next::LengthenLink => {
            html! { <>{ "Next: " }<a href="#link">{ "lengthen the link" }</a>{ ", and ask again." }</> }
        }
        Next::SendAhead => html! { "Next: send the questions ahead (pipelining), and ask again." },
        Next::Race => html! {
            <>
                { "Next: watch the run in " }<a href="#replay">{ "slow motion" }</a>{ ", then race the " }
                <a href="#race">{ "three ways to ask" }</a>{ "." }
            </>
        },
    };
    html! {
        <div class="next-step">
            if *is_first && text::is_first_slow(&complete.run) {
                <p id="slow-start">{ text::SLOW_START }</p>
            }
            <p id="next-step">{ next }</p>
        </div>
    }
}

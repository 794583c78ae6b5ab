//! What limits the figures: the clock, and that the page shares the machine with what it measures.

use yew::prelude::*;

use crate::message::Clock;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::run_record::RunRecord;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The worker's clock, once it is known.
    pub clock: Option<Clock>,
    /// The newest run, once its trace is known.
    pub traced: Option<Shared<RunRecord>>,
}

/// Says how fine the clock is, and why.
#[component]
pub fn ClockLine(Props { clock, traced }: &Props) -> Html {
    mark_render("ClockLine");
    let Some(clock) = *clock else { return Html::default() };
    let traced = traced.as_ref().filter(|traced| !traced.is_imported);
    let hops_step = traced.and_then(|traced| traced.trace()).map(|trace| trace.clock_step);
    html! {
        <p id="clock" translate="no" data-step-ns={(clock.step.as_nanos() as u64).to_string()} data-isolated={clock.isolated.to_string()}>
            { text::of_the_clock(clock, hops_step) }
            { text::of_the_worker(clock) }
        </p>
    }
}

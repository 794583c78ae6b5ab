//! What limits the figures: the clock, and that the page shares the machine with what it measures.

use yew::prelude::*;

use crate::hooks::Asker;
use crate::state::RunRecord;
use crate::text;

/// What it shows.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// Says how fine the clock is, and why.
#[component]
pub fn ClockLine(props: &Props) -> Html {
    let Some(clock) = props.asker.state().clock else {
        return Html::default();
    };
    let newest = props.asker.state().newest().filter(|newest| !newest.is_imported);
    let hops_step = newest.and_then(RunRecord::trace).map(|trace| trace.clock_step);
    html! {
        <p id="clock" data-step-ns={(clock.step.as_nanos() as u64).to_string()} data-isolated={clock.isolated.to_string()}>
            { text::of_the_clock(clock, hops_step) }
            { text::of_the_worker(clock) }
        </p>
    }
}

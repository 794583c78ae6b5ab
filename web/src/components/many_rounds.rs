//! Ask many times: what is usual, what is rare, and how it changes with where the stopwatch starts.

use launcelot_measure::{Rounds, RoundsPlan, Stopwatch};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::keep_room::KeepRoom;
use crate::components::kept_rounds::kept_rounds;
use crate::components::markup::Markup;
use crate::components::rounds_form::RoundsForm;
use crate::hooks::use_distributions;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::rounds::{Action, ManyRounds as State};
use crate::text::rounds as text;

/// The switch for where the stopwatch starts. Nothing but the person moves it, so it never changes.
const STOPWATCHES: &str = include_str!("stopwatches.html");

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The series.
    pub rounds: Shared<State>,
    /// Why a series cannot begin now; `None` if it can.
    pub busy: Option<&'static str>,
    /// Begins a series.
    pub ask: Callback<RoundsPlan>,
    /// Stops the series that is running.
    pub stop: Callback<()>,
    /// Changes a series, or how series are shown.
    pub change: Callback<Action>,
}

/// The section.
#[component]
pub fn ManyRounds(Props { rounds, busy, ask, stop, change }: &Props) -> Html {
    mark_render("ManyRounds");
    // The worker sends rounds four times a second at most.
    let drawn = use_distributions(rounds);
    let newest = rounds.newest().map(|newest| &*newest.rounds);
    let state = crate::text::state(newest.map(|newest| &newest.status));
    let comparisons = if rounds.is_running() { &[][..] } else { &drawn.comparisons };
    let on_stopwatch = use_callback(change.clone(), |event: Event, change| {
        let chosen = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
        let stopwatch = match chosen.as_deref() {
            Some("connecting") => Stopwatch::Connecting,
            Some("due") => Stopwatch::Due,
            _ => Stopwatch::Question,
        };
        change.emit(Action::StopwatchChosen(stopwatch));
    });
    html! {
        <section id="many-rounds" aria-labelledby="many-rounds-title" data-state={state}
            data-run={rounds.newest().map(|newest| newest.id.to_string())}>
            <h2 id="many-rounds-title">{ "Ask many times" }</h2>
            <p>{ "A single measurement is an anecdote. Many show what is usual, what is rare, and how long the rare cases make you wait: the \
                  percentiles of the latency." }</p>
            <RoundsForm busy={*busy} ask={ask.clone()} />
            if let Some(active) = newest.filter(|_| rounds.is_running()) {
                { progress(active, stop) }
            }
            <KeepRoom is_settled={!rounds.is_running()}>
                <div class="meaning" role="status">
                    <p id="rounds-meaning" class={(state == "broken").then_some("broken")}>{ &*drawn.meaning }</p>
                    for comparison in comparisons {
                        <p class="comparison">{ comparison }</p>
                    }
                </div>
                <fieldset class="choice" hidden={drawn.figure.is_none()} onchange={on_stopwatch}>
                    <Markup svg={STOPWATCHES} />
                </fieldset>
                if let Some(figure) = &drawn.figure {
                    <p id="stopwatch-why" aria-live={if rounds.is_running() { "off" } else { "polite" }}>{ &*drawn.why }</p>
                    <Markup svg={figure.clone()} />
                }
            </KeepRoom>
            { kept_rounds(rounds, change) }
        </section>
    }
}

/// How far the rounds are, and a button to end them.
fn progress(rounds: &Rounds, stop: &Callback<()>) -> Html {
    let on_stop = stop.reform(|_: MouseEvent| ());
    html! {
        <div class="progress">
            <progress aria-label="Rounds" max={rounds.plan.rounds.to_string()} value={rounds.done().to_string()} />
            <span translate="no">{ text::progress(rounds) }</span>
            <button id="stop-rounds" type="button" onclick={on_stop}>{ "Stop" }</button>
        </div>
    }
}

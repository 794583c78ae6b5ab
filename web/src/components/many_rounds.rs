//! Ask many times: what is usual, what is rare, and how it changes with where the stopwatch starts.

use launcelot_measure::{Rounds, RoundsPlan, Stopwatch};
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::components::keep_room::KeepRoom;
use crate::components::kept_rounds::KeptRounds;
use crate::components::radio::Radio;
use crate::components::rounds_form::RoundsForm;
use crate::histograms::SharedHistograms;
use crate::hooks::use_distributions;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::rounds::{Action, ManyRounds as State};
use crate::text::rounds as text;

/// Where the stopwatch starts: the identity of each choice, and its label.
const STOPWATCHES: [(Stopwatch, &str, &str); 3] = [
    (Stopwatch::Question, "at-question", "when the question is sent"),
    (Stopwatch::Connecting, "at-connecting", "when connecting starts"),
    (Stopwatch::Due, "at-due", "when the question was due"),
];

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The series.
    pub rounds: Shared<State>,
    pub histograms: SharedHistograms,
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
pub fn ManyRounds(Props { rounds, histograms, busy, ask, stop, change }: &Props) -> Html {
    mark_render("ManyRounds");
    // The worker sends rounds once a second at most.
    let drawn = use_distributions(rounds, histograms);
    let newest = rounds.newest().map(|newest| &newest.rounds);
    let choose_stopwatch =
        use_callback(change.clone(), |stopwatch, change| change.emit(Action::StopwatchChosen(stopwatch)));
    let state = crate::text::state(newest.map(|newest| &newest.status));
    let comparisons = if rounds.is_running() { &[][..] } else { &drawn.comparisons };
    html! {
        <section id="many-rounds" aria-labelledby="many-rounds-title" data-state={state}
            data-run={rounds.newest().map(|newest| newest.id.to_string())}>
            <h2 id="many-rounds-title">{ "Ask many times" }</h2>
            <p>{ "A single measurement is an anecdote. Many show what is usual, what is rare, and how long the rare cases make you wait: the \
                  percentiles of the latency." }</p>
            <RoundsForm busy={*busy} ask={ask.clone()} />
            if let Some(active) = newest.filter(|_| rounds.is_running()) {
                <Progress rounds={active.clone()} stop={stop.clone()} />
            }
            <KeepRoom is_settled={!rounds.is_running()}>
                <div class="meaning" role="status">
                    <p id="rounds-meaning" class={(state == "broken").then_some("broken")}>{ &*drawn.meaning }</p>
                    for comparison in comparisons {
                        <p class="comparison">{ comparison }</p>
                    }
                </div>
                <fieldset class="choice" hidden={drawn.figures.is_empty()}>
                    <legend>{ "The stopwatch starts" }</legend>
                    for (value, id, label) in STOPWATCHES {
                        <Radio<Stopwatch> group="stopwatch" {id} {label} {value} is_chosen={value == rounds.stopwatch}
                            choose={choose_stopwatch.clone()} />
                    }
                </fieldset>
                if !drawn.figures.is_empty() {
                    <p id="stopwatch-why" aria-live={if rounds.is_running() { "off" } else { "polite" }}>{ &*drawn.why }</p>
                    for figure in &drawn.figures {
                        <Drawing element={figure.clone()} />
                    }
                }
            </KeepRoom>
            <KeptRounds rounds={rounds.clone()} change={change.clone()} />
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct ProgressProps {
    /// The series that is running.
    rounds: Shared<Rounds>,
    /// Stops it.
    stop: Callback<()>,
}

/// How far the rounds are, and a button to end them.
#[component]
fn Progress(ProgressProps { rounds, stop }: &ProgressProps) -> Html {
    mark_render("Progress");
    let on_stop = use_callback(stop.clone(), |_: MouseEvent, stop| stop.emit(()));
    html! {
        <div class="progress">
            <progress aria-label="Rounds" max={rounds.plan.rounds.to_string()} value={rounds.done().to_string()} />
            <span translate="no">{ text::progress(rounds) }</span>
            <button id="stop-rounds" type="button" onclick={on_stop}>{ "Stop" }</button>
        </div>
    }
}

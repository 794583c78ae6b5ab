//! Ask many times: what is usual, what is rare, and how it changes with where the stopwatch starts.

use launcelot_measure::{Rounds, Stopwatch};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::components::kept_rounds::kept_rounds;
use crate::components::rounds_form::rounds_form;
use crate::hooks::{Asker, use_distributions};
use crate::state::Action;
use crate::state::rounds::Action::StopwatchChosen;
use crate::words::rounds as words;

/// The switch for where the stopwatch starts. Nothing but the person moves it, so it never changes.
const STOPWATCHES: &str = include_str!("stopwatches.html");

/// What it shows and acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The section.
#[component]
pub fn ManyRounds(props: &Props) -> Html {
    let asker = &props.asker;
    let many = &asker.state().rounds;
    // Drawn again only if something of it has changed, and the worker tells of rounds four times a second at most.
    let drawn = use_distributions(many);
    let newest = many.newest().map(|newest| &*newest.rounds);
    let state = crate::words::state(newest.map(|newest| &newest.status));
    let comparisons = if many.is_running() { &[][..] } else { &drawn.comparisons };
    let on_stopwatch = {
        let asker = asker.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
            let stopwatch = match chosen.as_deref() {
                Some("connecting") => Stopwatch::Connecting,
                Some("due") => Stopwatch::Due,
                _ => Stopwatch::Question,
            };
            asker.dispatch(Action::Rounds(StopwatchChosen(stopwatch)));
        })
    };
    html! {
        <section id="many-rounds" aria-labelledby="many-rounds-title" data-state={state}
            data-run={many.newest().map(|newest| newest.id.to_string())}>
            <h2 id="many-rounds-title">{ "Ask many times" }</h2>
            <p>{ "One time is an anecdote. Many show what is usual, what is rare, and how long the rare makes you wait." }</p>
            { rounds_form(asker) }
            if let Some(going) = newest.filter(|_| many.is_running()) {
                { progress(asker, going) }
            }
            <div class="meaning" role="status">
                <p id="rounds-meaning" class={(state == "broken").then_some("broken")}>{ &*drawn.meaning }</p>
                for comparison in comparisons {
                    <p class="comparison">{ comparison }</p>
                }
            </div>
            <fieldset class="choice" hidden={drawn.figure.is_none()} onchange={on_stopwatch}>
                <Drawing svg={STOPWATCHES} />
            </fieldset>
            if let Some(figure) = &drawn.figure {
                <p id="stopwatch-why" aria-live={if many.is_running() { "off" } else { "polite" }}>{ &*drawn.why }</p>
                <Drawing svg={figure.clone()} />
            }
            { kept_rounds(asker) }
        </section>
    }
}

/// How far the rounds are, and a button to end them.
fn progress(asker: &Asker, rounds: &Rounds) -> Html {
    let on_stop = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| asker.stop())
    };
    html! {
        <div class="progress">
            <progress aria-label="Rounds" max={rounds.plan.rounds.to_string()} value={rounds.done().to_string()} />
            <span>{ words::progress(rounds) }</span>
            <button id="stop-rounds" type="button" onclick={on_stop}>{ "Stop" }</button>
        </div>
    }
}

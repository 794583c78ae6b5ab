//! A recorded dialogue that is played: the lanes, the words of the moment, and what a person can do with it.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::lanes;
use launcelot_measure::unit::format_count;
use launcelot_measure::{Reading, Unit};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::markup::Markup;
use crate::components::select::select;
use crate::hooks::use_frames;
use crate::replay::Replay;
use crate::state::player::{Action, Player as State, SLOWNESS};
use crate::text;

/// How finely a person can scrub.
const SCRUB_STEP_NS: u64 = 100;

/// What it plays.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The dialogue.
    pub replay: Rc<Replay>,
}

/// The player, at the beginning.
#[component]
pub fn Player(props: &Props) -> Html {
    let replay = &props.replay;
    let state = use_reducer(|| State::new(replay.clone()));
    let dispatcher = state.dispatcher();
    use_frames(state.is_playing, Callback::from(move |time| dispatcher.dispatch(Action::Passed(time))));
    let act = |act: fn(&State) -> Action| {
        let state = state.clone();
        Callback::from(move |_: MouseEvent| state.dispatch(act(&state)))
    };
    let on_scrub = {
        let state = state.clone();
        Callback::from(move |event: InputEvent| {
            let steps: Option<u64> =
                event.target_dyn_into().and_then(|input: HtmlInputElement| input.value().parse().ok());
            let at = Duration::from_nanos(steps.unwrap_or_default() * SCRUB_STEP_NS);
            state.dispatch(Action::Scrubbed(at));
        })
    };
    let on_slowness = {
        let state = state.clone();
        Callback::from(move |slowness| state.dispatch(Action::SlownessChosen(slowness)))
    };
    let speeds = SLOWNESS.map(|slowness| (slowness, ["1/", &format_count(slowness.into())].concat())).to_vec();
    let (stretches, tokens) = replay.at(state.at);
    let unit = Unit::for_longest(replay.end());
    let passed = replay.passed(state.at);
    let moment = passed.checked_sub(1).and_then(|last| replay.moments.get(last));
    let says = moment.map(|moment| text::replay::of(replay, moment)).unwrap_or_default();
    let is_there = moment.is_some_and(|moment| moment.at == state.at);
    let time = unit.format(state.at);
    let whole = Reading::new(replay.end(), replay.clock_step);
    let whole = if whole.is_known() { unit.format(replay.end()) } else { whole.describe_in(unit) };
    let steps_of = |time: Duration| (time.as_nanos() as u64).div_ceil(SCRUB_STEP_NS).to_string();
    html! {
        <div class="player" data-playing={state.is_playing.to_string()} data-passed={passed.to_string()}>
            <div class="lanes">
                <Markup svg={lanes::backdrop(&replay.stations, &replay.lanes)} />
                <Markup svg={lanes::moving(replay.lanes.len(), &stretches, &tokens)} />
            </div>
            <input id="replay-scrub" type="range" min="0" max={steps_of(replay.end())} value={steps_of(state.at)}
                aria-label="Moment" aria-valuetext={time.clone()} oninput={on_scrub} />
            <p class="clock">
                <span id="replay-time">{ time }</span>
                { format!(" of {whole}; recorded moment {passed} of {}", replay.moments.len()) }
            </p>
            <p id="replay-words" class={classes!("says", (!is_there).then_some("gone"))}
                aria-live={if state.is_playing { "off" } else { "polite" }}>{ says }</p>
            <div class="controls">
                { button("replay-play", if state.is_playing { "Pause" } else { "Play" }, false, act(play_or_pause)) }
                { button("replay-back", "Step back", state.at.is_zero(), act(|_| Action::SteppedBack)) }
                { button("replay-step", "Step", state.at >= replay.end(), act(|_| Action::Stepped)) }
                { select("replay-slowness", ("at", "of its speed"), speeds, state.slowness, on_slowness) }
            </div>
        </div>
    }
}

fn button(id: &'static str, words: &'static str, is_idle: bool, on_click: Callback<MouseEvent>) -> Html {
    html! {
        <button {id} type="button" aria-disabled={if is_idle { "true" } else { "false" }} onclick={on_click}>{ words }</button>
    }
}

fn play_or_pause(state: &State) -> Action {
    if state.is_playing { Action::Paused } else { Action::Played { by_steps: dislikes_motion() } }
}

/// Whether the person who looks prefers things to stand still.
fn dislikes_motion() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok()?);
    query.is_some_and(|query| query.matches())
}

//! A recorded dialogue that is played: the lanes, the words of the moment, and what a person can do with it.

use std::time::Duration;

use launcelot_charts::lanes::{self, Marker, Trail};
use launcelot_measure::unit::format_count;
use launcelot_measure::{Reading, Unit};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::drawing::Drawing;
use crate::components::pictures::{Draw, Drawn, PictureLine};
use crate::components::select::Select;
use crate::components::slow_motion::Recording;
use crate::files;
use crate::hooks::use_frames;
use crate::provenance;
use crate::render_mark::mark_render;
use crate::replay::Replay;
use crate::shared::Shared;
use crate::state::player::{Action, Player as State, SLOWNESS};
use crate::text;

/// How finely a person can scrub.
const SCRUB_STEP_NS: u64 = 100;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The dialogue.
    pub replay: Shared<Replay>,
    /// The run that it is made of.
    pub recording: Recording,
}

/// The player, at the beginning. It renders with every frame of the browser while it plays.
#[component]
pub fn Player(Props { replay, recording }: &Props) -> Html {
    mark_render("Player");
    let state = use_reducer(|| State::new(replay.clone()));
    let dispatch = state.dispatcher();
    let on_frame = use_callback(dispatch.clone(), |time, dispatch| dispatch.dispatch(Action::Passed(time)));
    use_frames(state.is_playing, on_frame);
    let on_back = use_callback(dispatch.clone(), |_: MouseEvent, dispatch| dispatch.dispatch(Action::SteppedBack));
    let on_step = use_callback(dispatch.clone(), |_: MouseEvent, dispatch| dispatch.dispatch(Action::Stepped));
    let on_play = {
        let dispatch = dispatch.clone();
        use_callback(state.is_playing, move |_: MouseEvent, is_playing| {
            let by_steps = !is_playing && dislikes_motion();
            dispatch.dispatch(if *is_playing { Action::Paused } else { Action::Played { by_steps } });
        })
    };
    let on_scrub = use_callback(dispatch.clone(), |event: InputEvent, dispatch| {
        let steps: Option<u64> = event.target_dyn_into().and_then(|input: HtmlInputElement| input.value().parse().ok());
        let at = Duration::from_nanos(steps.unwrap_or_default() * SCRUB_STEP_NS);
        dispatch.dispatch(Action::Scrubbed(at));
    });
    // Arrow keys go from one recorded moment to the next; one step of the slider would hardly be seen.
    let on_key = use_callback(dispatch.clone(), |event: KeyboardEvent, dispatch| {
        let action = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => Action::Stepped,
            "ArrowLeft" | "ArrowDown" => Action::SteppedBack,
            _ => return,
        };
        event.prevent_default();
        dispatch.dispatch(action);
    });
    let on_slowness =
        use_callback(dispatch.clone(), |slowness, dispatch| dispatch.dispatch(Action::SlownessChosen(slowness)));
    let draw = use_picture(replay, recording, state.at);
    let backdrop = use_memo(replay.clone(), |replay| lanes::backdrop(&replay.hops, &replay.lanes));
    let speeds = use_memo((), |()| {
        SLOWNESS.map(|slowness| (slowness, ["1/", &format_count(slowness.into()), " of real speed"].concat())).to_vec()
    });
    let (trails, markers) = replay.at(state.at);
    let unit = Unit::for_longest(replay.end());
    let passed = replay.passed(state.at);
    let moment = passed.checked_sub(1).and_then(|last| replay.moments.get(last));
    let sentence = moment.map(|moment| text::replay::of(replay, moment)).unwrap_or_default();
    let is_there = moment.is_some_and(|moment| moment.at == state.at);
    let time = unit.format(state.at);
    let whole = Reading::new(replay.end(), replay.clock_step);
    let whole = if whole.is_known() { unit.format(replay.end()) } else { whole.describe_in(unit) };
    let steps_of = |time: Duration| (time.as_nanos() as u64).div_ceil(SCRUB_STEP_NS).to_string();
    html! {
        <div class="player" data-playing={state.is_playing.to_string()} data-passed={passed.to_string()}>
            <div class="lanes">
                <Drawing element={backdrop} />
                { moving(replay.lanes.len(), &trails, &markers) }
            </div>
            <input id="replay-scrub" type="range" min="0" max={steps_of(replay.end())} value={steps_of(state.at)}
                aria-label="Moment" aria-valuetext={time.clone()} oninput={on_scrub} onkeydown={on_key} />
            <p class="clock" translate="no">
                <span id="replay-time">{ time }</span>
                { format!(" of {whole}; recorded moment {passed} of {}", replay.moments.len()) }
            </p>
            <p id="replay-moment" translate="no" class={classes!("moment", (!is_there).then_some("gone"))}
                aria-live={if state.is_playing { "off" } else { "polite" }}>{ sentence }</p>
            <div class="controls">
                <PlayerButton id="replay-play" label={if state.is_playing { "Pause" } else { "Play" }} onclick={on_play} />
                <PlayerButton id="replay-back" label="Step back" idle={state.at.is_zero().then_some(AT_FIRST)} onclick={on_back} />
                <PlayerButton id="replay-step" label="Step" idle={(state.at >= replay.end()).then_some(AT_LAST)} onclick={on_step} />
                <Select id="replay-slowness" label="Speed:" options={speeds} chosen={state.slowness} on_choice={on_slowness} />
            </div>
            <PictureLine name="slow-motion" title="Picture of this moment" {draw} />
        </div>
    }
}

/// Returns what draws the moment that is shown. It stays the same while moments pass, so that its buttons are not rendered again.
#[hook]
fn use_picture(replay: &Shared<Replay>, recording: &Recording, at: Duration) -> Draw {
    let shown = use_mut_ref(|| at);
    shown.replace(at);
    use_callback((replay.clone(), recording.clone()), move |(), (replay, recording)| {
        let (replay, recording, at) = (replay.clone(), recording.clone(), *shown.borrow());
        let title = recording.title(recording.record.provenance.began.map(provenance::for_people));
        let svg: Drawn =
            Box::pin(async move { files::slow_motion_picture(&replay, &recording.record, &title, at).await });
        svg
    })
}

const AT_FIRST: &str = "This is the first recorded moment.";
const AT_LAST: &str = "This is the last recorded moment.";

#[derive(PartialEq, Properties)]
struct ButtonProps {
    id: &'static str,
    label: &'static str,
    /// Why it cannot act now; `None` if it can.
    #[prop_or_default]
    idle: Option<&'static str>,
    onclick: Callback<MouseEvent>,
}

/// A button, and why it cannot act now.
#[component]
fn PlayerButton(ButtonProps { id, label, idle, onclick }: &ButtonProps) -> Html {
    mark_render("PlayerButton");
    html! {
        <button id={*id} type="button" aria-disabled={idle.is_some().to_string()} aria-description={*idle} {onclick}>
            <span key={*label}>{ *label }</span>
        </button>
    }
}

/// The trails and the messages, which move with every frame.
fn moving(lanes: usize, trails: &[Trail], markers: &[Marker]) -> Html {
    let trails = trails.iter().map(|trail| {
        let [x1, x2] = [trail.from, trail.until].map(|at| lanes::across(at).to_string());
        let y = lanes::height_of(trail.lane, trail.is_back).to_string();
        html! { <line class={classes!("gone", trail.leg)} {x1} {x2} y1={y.clone()} y2={y} stroke="currentColor" /> }
    });
    let markers = markers.iter().map(|marker| {
        let cx = lanes::across(marker.at).to_string();
        let cy = lanes::height_of(marker.lane, marker.is_back).to_string();
        let class = if marker.is_back { "message answer" } else { "message question" };
        html! { <circle {class} {cx} {cy} r={lanes::RADIUS.to_string()} /> }
    });
    html! {
        <svg class="lanes-moving" width="100%" height={lanes::height(lanes).to_string()} aria-hidden="true" focusable="false">
            { for trails }
            { for markers }
        </svg>
    }
}

/// Whether the person who looks prefers things to stand still.
fn dislikes_motion() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok()?);
    query.is_some_and(|query| query.matches())
}

//! The route: straight, or through the tunnel, and how long a link the tunnel emulates.

use std::time::Duration;

use launcelot_measure::text::link::added_delay;
use launcelot_measure::unit::format_decimal;
use launcelot_measure::{LinkReport, LinkSettings, Preset};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::bridge::Route;
use crate::render_mark::mark_render;
use crate::state::lab::{Action, Lab, Presence};
use crate::state::sliders::Slider;
use crate::text::link as text;

/// The longest work of the lab's server on each answer, in milliseconds.
const WORK_MAX_MS: f64 = 10_000.0;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be seen of the lab.
    pub lab: Lab,
    /// Changes the route, the link or the server's work.
    pub change: Callback<Action>,
}

/// The choice, and under it the tunnel's controls while it is chosen.
#[component]
pub fn RouteControls(Props { lab, change }: &Props) -> Html {
    mark_render("RouteControls");
    let name = match lab.presence {
        Presence::Asked => return html! { <div class="route" data-lab="asked" /> },
        Presence::Absent => return html! { <p id="no-lab" class="route" data-lab="absent">{ text::NO_LAB }</p> },
        Presence::There(_) => "there",
        Presence::Gone => "gone",
    };
    html! {
        <div class="route" data-lab={name}>
            <fieldset class="choice">
                <legend>{ "Path to the server" }</legend>
                for route in Route::ALL {
                    { route_choice(lab.route == route, route, change) }
                }
            </fieldset>
            if let Some(report) = lab.report().filter(|_| lab.route == Route::Tunnel) {
                { tunnel(lab, report, change) }
            }
            if let Some(think) = lab.work_time() {
                <WorkField {think} change={change.clone()} />
            }
            if let Some(said) = text::notice(lab) {
                <p id="link-notice" role="alert" translate="no">{ said }</p>
            }
        </div>
    }
}

fn route_choice(is_chosen: bool, route: Route, change: &Callback<Action>) -> Html {
    let on_choose = change.reform(move |_: Event| Action::RouteChosen(route));
    let id = match route {
        Route::Straight => "straight",
        Route::Tunnel => "tunnel",
    };
    html! {
        <label for={id}>
            <input type="radio" name="route" {id} checked={is_chosen} onchange={on_choose} />
            { route.name() }
        </label>
    }
}

/// As it is set, with everything to set it, and as it was measured.
#[inline(never)]
fn tunnel(lab: &Lab, report: LinkReport, change: &Callback<Action>) -> Html {
    let (link, held) = (lab.link().unwrap_or(report.link), lab.held());
    html! {
        <div class="tunnel">
            <p key={report.handshake.to_string()}>{ text::EMULATED }{ if report.handshake { text::HANDSHAKE } else { "" } }</p>
            <ul class="presets" aria-label="Well-known links">
                for preset in Preset::ALL {
                    <li>{ preset_button(link, preset, change) }<span>{ preset.description() }</span></li>
                }
            </ul>
            <div class="sliders">
                for slider in Slider::ALL {
                    { slider_row(link, slider, change) }
                }
            </div>
            // The attributes are for programs that read the page.
            <p id="measured" role="status" translate="no" data-rtt-us={held.map(|held| (held.total.as_micros() as u64).to_string())}
                data-nominal-us={(link.rtt.as_micros() as u64).to_string()}>
                { added_delay(held, report.in_force, link) }
            </p>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct WorkProps {
    think: Duration,
    change: Callback<Action>,
}

/// How long the server works on each answer, to be changed. It renders only when the time changes, because rendering
/// again would overwrite what a person is typing.
#[component]
fn WorkField(WorkProps { think, change }: &WorkProps) -> Html {
    let on_change = {
        let (think, change) = (*think, change.clone());
        move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            // The nearest that can be; without a number, what it was.
            let typed = input.value_as_number();
            let work = if typed.is_nan() {
                think
            } else {
                Duration::from_micros((typed.clamp(0.0, WORK_MAX_MS) * 1e3) as u64)
            };
            input.set_value(&millis(work));
            change.emit(Action::WorkWished(work));
        }
    };
    html! {
        <p class="number work">
            <label for="work">{ "The server works on each answer for " }</label>
            <input type="number" id="work" min="0" max="10000" step="any" value={millis(*think)}
                onchange={on_change} />
            { " ms (simulated; 0 adds nothing)" }
        </p>
    }
}

/// Milliseconds, with decimals only where they are needed.
fn millis(time: Duration) -> String {
    let micros = time.as_micros() as u64;
    format_decimal(micros, 1_000, if micros.is_multiple_of(1_000) { 0 } else { 3 })
}

fn preset_button(link: LinkSettings, preset: Preset, change: &Callback<Action>) -> Html {
    let on_choose = {
        let change = change.clone();
        move |_: MouseEvent| {
            change.emit(Action::Wished(preset.link()));
            change.emit(Action::Settled);
        }
    };
    html! {
        <button type="button" aria-pressed={(preset.link() == link).to_string()} onclick={on_choose}>{ preset.name() }</button>
    }
}

#[inline(never)]
fn slider_row(link: LinkSettings, slider: Slider, change: &Callback<Action>) -> Html {
    let on_input = {
        let change = change.clone();
        move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Ok(step) = input.value().parse() {
                change.emit(Action::Wished(slider.set(link, step)));
            }
        }
    };
    let on_change = change.reform(|_: Event| Action::Settled);
    let (id, label) = match slider {
        Slider::RoundTrip => ("rtt", "Added round-trip time"),
        Slider::Jitter => ("jitter", "Jitter, each way"),
        Slider::Bandwidth => ("bandwidth", "Bandwidth, each way"),
    };
    let value = text::of_slider(slider, link);
    html! {
        <>
            <label for={id}>{ label }</label>
            <input type="range" {id} min="0" max={slider.last().to_string()} value={slider.step(link).to_string()}
                aria-valuetext={value.clone()} oninput={on_input} onchange={on_change} />
            <output for={id} translate="no" aria-live="off">{ value }</output>
        </>
    }
}

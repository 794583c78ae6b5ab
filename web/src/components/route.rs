//! The route: straight, or through the tunnel, and how long a link the tunnel emulates.

use std::time::Duration;

use launcelot_measure::text::link::added_delay;
use launcelot_measure::unit::format_decimal;
use launcelot_measure::{LinkReport, LinkSettings, Preset};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::bridge::Route;
use crate::hooks::Asker;
use crate::state::Action;
use crate::state::lab::{Action as LabAction, Lab, Presence, Work};
use crate::state::sliders::Slider;
use crate::text::link as text;

/// As long as the lab lets its server work, in milliseconds.
const WORK_MAX_MS: f64 = 10_000.0;

/// The choice, and under it the tunnel's controls while it is chosen.
#[inline(never)]
pub fn route_controls(asker: &Asker) -> Html {
    let lab = &asker.state().lab;
    let name = match lab.presence {
        Presence::Asked => return html! { <div class="route" data-lab="asked" /> },
        Presence::Absent => return html! { <p id="no-lab" class="route" data-lab="absent">{ text::NO_LAB }</p> },
        Presence::There(_) => "there",
        Presence::Gone => "gone",
    };
    html! {
        <div class="route" data-lab={name}>
            <fieldset class="choice">
                <legend>{ "Over the link" }</legend>
                for route in Route::ALL {
                    { route_choice(asker, route) }
                }
            </fieldset>
            if let Some(report) = lab.report().filter(|_| lab.route == Route::Tunnel) {
                { tunnel(asker, lab, report) }
            }
            if let Work::Known(think) | Work::Wished(think) = lab.work {
                { work(asker, think) }
            }
            if let Some(said) = text::notice(lab) {
                <p id="link-notice" role="status">{ said }</p>
            }
        </div>
    }
}

fn act(asker: &Asker, action: LabAction) {
    asker.dispatch(Action::Lab(action));
}

fn route_choice(asker: &Asker, route: Route) -> Html {
    let on_choose = {
        let asker = asker.clone();
        Callback::from(move |_: Event| act(&asker, LabAction::RouteChosen(route)))
    };
    let id = match route {
        Route::Straight => "straight",
        Route::Tunnel => "tunnel",
    };
    html! {
        <label for={id}>
            <input type="radio" name="route" {id} checked={asker.state().lab.route == route} onchange={on_choose} />
            { route.name() }
        </label>
    }
}

/// As it is set, with everything to set it, and as it was measured.
#[inline(never)]
fn tunnel(asker: &Asker, lab: &Lab, report: LinkReport) -> Html {
    let (wire, held) = (lab.wire().unwrap_or(report.link), lab.held());
    html! {
        <div class="tunnel">
            <p>{ text::EMULATED }{ if report.handshake { text::HANDSHAKE } else { "" } }</p>
            <div class="presets" role="group" aria-label="Links that you may know">
                for preset in Preset::ALL {
                    { preset_button(asker, wire, preset) }
                }
            </div>
            <div class="sliders">
                for slider in Slider::ALL {
                    { slider_row(asker, wire, slider) }
                }
            </div>
            // For whoever reads the page by program there are numbers, too.
            <p id="measured" role="status" data-rtt-us={held.map(|held| (held.total.as_micros() as u64).to_string())}
                data-nominal-us={(wire.rtt.as_micros() as u64).to_string()}>
                { added_delay(held, report.in_force, wire) }
            </p>
        </div>
    }
}

/// How long the server works on each answer, to be changed.
#[inline(never)]
fn work(asker: &Asker, think: Duration) -> Html {
    let on_change = {
        let asker = asker.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let millis = input.value_as_number();
            if (0.0..=WORK_MAX_MS).contains(&millis) {
                act(&asker, LabAction::WorkWished(Duration::from_micros((millis * 1e3) as u64)));
            }
        })
    };
    html! {
        <p class="number work">
            <label for="work">{ "The server works on each answer for " }</label>
            <input type="number" id="work" min="0" max="10000" step="any" value={millis(think)}
                onchange={on_change} />
            { " ms (simulated; 0: no longer than it needs)" }
        </p>
    }
}

/// Milliseconds, with decimals only where they are needed.
fn millis(time: Duration) -> String {
    let micros = time.as_micros() as u64;
    format_decimal(micros, 1_000, if micros.is_multiple_of(1_000) { 0 } else { 3 })
}

fn preset_button(asker: &Asker, wire: LinkSettings, preset: Preset) -> Html {
    let on_choose = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| {
            act(&asker, LabAction::Wished(preset.link()));
            act(&asker, LabAction::Settled);
        })
    };
    html! {
        <button type="button" aria-pressed={(preset.link() == wire).to_string()} onclick={on_choose}>{ preset.name() }</button>
    }
}

#[inline(never)]
fn slider_row(asker: &Asker, wire: LinkSettings, slider: Slider) -> Html {
    let on_input = {
        let asker = asker.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            if let Ok(step) = input.value().parse() {
                act(&asker, LabAction::Wished(slider.set(wire, step)));
            }
        })
    };
    let on_change = {
        let asker = asker.clone();
        Callback::from(move |_: Event| act(&asker, LabAction::Settled))
    };
    let (id, label) = match slider {
        Slider::RoundTrip => ("rtt", "Round trip added"),
        Slider::Jitter => ("jitter", "Jitter, each way"),
        Slider::Bandwidth => ("bandwidth", "Bandwidth"),
    };
    let value = text::of_slider(slider, wire);
    html! {
        <>
            <label for={id}>{ label }</label>
            <input type="range" {id} min="0" max={slider.last().to_string()} value={slider.step(wire).to_string()}
                aria-valuetext={value.clone()} oninput={on_input} onchange={on_change} />
            <output for={id}>{ value }</output>
        </>
    }
}

//! The route: straight, or through the tunnel, and how long a link the tunnel emulates.

use std::time::Duration;

use launcelot_measure::text::link::added_delay;
use launcelot_measure::unit::format_decimal;
use launcelot_measure::{AddedDelay, LinkReport, LinkSettings, Preset};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::bridge::Route;
use crate::components::radio::Radio;
use crate::render_mark::mark_render;
use crate::state::lab::{Action, Lab, Presence};
use crate::state::sliders::Slider;
use crate::text::link as text;

/// The longest work of the lab's server on each answer, in milliseconds.
const WORK_MAX_MS: f64 = 10_000.0;

/// The routes, each with the identity of its choice.
const ROUTES: [(Route, &str); 2] = [(Route::Straight, "straight"), (Route::Tunnel, "tunnel")];

/// The sliders, each with its identity and its label.
const SLIDERS: [(Slider, &str, &str); 3] = [
    (Slider::RoundTrip, "rtt", "Added round-trip time"),
    (Slider::Jitter, "jitter", "Jitter, each way"),
    (Slider::Bandwidth, "bandwidth", "Bandwidth, each way"),
];

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What can be seen of the lab.
    pub lab: Lab,
    /// Changes the route, the link or the server's work.
    pub change: Callback<Action>,
}

/// The choice, and under it the tunnel's controls while it is chosen. There is a lab, or was one.
#[component]
pub fn RouteControls(Props { lab, change }: &Props) -> Html {
    mark_render("RouteControls");
    let choose_route = use_callback(change.clone(), |route, change| change.emit(Action::RouteChosen(route)));
    let name = if lab.presence == Presence::Gone { "gone" } else { "there" };
    html! {
        <div class="route" data-lab={name}>
            <fieldset class="choice">
                <legend>{ "Path to the server" }</legend>
                for (value, id) in ROUTES {
                    <Radio<Route> group="route" {id} label={value.name()} {value} is_chosen={value == lab.route}
                        choose={choose_route.clone()} />
                }
            </fieldset>
            if let Some(report) = lab.report().filter(|_| lab.route == Route::Tunnel) {
                <Tunnel link={lab.link().unwrap_or(report.link)} {report} added={lab.added_delay()} change={change.clone()} />
            }
            if let Some(think) = lab.work_time() {
                <WorkField {think} change={change.clone()} />
            }
            if let Some(notice) = text::notice(lab) {
                <p id="link-notice" role="alert" translate="no">{ notice }</p>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct TunnelProps {
    /// The link that the person wants.
    link: LinkSettings,
    /// The tunnel as it is.
    report: LinkReport,
    /// The delay that it has added under these settings, if it is measured.
    added: Option<AddedDelay>,
    change: Callback<Action>,
}

/// The tunnel as it is set, with everything to set it, and as it was measured.
#[component]
fn Tunnel(TunnelProps { link, report, added, change }: &TunnelProps) -> Html {
    mark_render("Tunnel");
    html! {
        <div class="tunnel">
            <p key={report.handshake.to_string()}>{ text::EMULATED }{ if report.handshake { text::HANDSHAKE } else { "" } }</p>
            <ul class="presets" aria-label="Typical links">
                for preset in Preset::ALL {
                    <li key={preset.name()}>
                        <PresetButton {preset} is_chosen={preset.link() == *link} change={change.clone()} />
                        <span>{ preset.description() }</span>
                    </li>
                }
            </ul>
            <div class="sliders">
                for (slider, id, label) in SLIDERS {
                    <LinkSlider key={id} {slider} {id} {label} link={*link} change={change.clone()} />
                }
            </div>
            // The attributes are for programs that read the page.
            <p id="measured" role="status" translate="no" data-rtt-us={added.map(|added| (added.total.as_micros() as u64).to_string())}
                data-nominal-us={(link.rtt.as_micros() as u64).to_string()}>
                { added_delay(*added, report.in_force, *link) }
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
    mark_render("WorkField");
    let on_change = use_callback((*think, change.clone()), |event: Event, (think, change)| {
        let input: HtmlInputElement = event.target_unchecked_into();
        // The nearest that can be; without a number, what it was.
        let typed = input.value_as_number();
        let work =
            if typed.is_nan() { *think } else { Duration::from_micros((typed.clamp(0.0, WORK_MAX_MS) * 1e3) as u64) };
        input.set_value(&millis(work));
        change.emit(Action::WorkWished(work));
    });
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

#[derive(PartialEq, Properties)]
struct PresetProps {
    preset: Preset,
    is_chosen: bool,
    change: Callback<Action>,
}

/// Sets the link to a well-known one.
#[component]
fn PresetButton(PresetProps { preset, is_chosen, change }: &PresetProps) -> Html {
    mark_render("PresetButton");
    let on_choose = use_callback((*preset, change.clone()), |_: MouseEvent, (preset, change)| {
        change.emit(Action::Wished(preset.link()));
        change.emit(Action::Settled);
    });
    html! {
        <button type="button" aria-pressed={is_chosen.to_string()} onclick={on_choose}>{ preset.name() }</button>
    }
}

#[derive(PartialEq, Properties)]
struct SliderProps {
    slider: Slider,
    id: &'static str,
    label: &'static str,
    /// The link that the person wants.
    link: LinkSettings,
    change: Callback<Action>,
}

/// Sets something of the link.
#[component]
fn LinkSlider(SliderProps { slider, id, label, link, change }: &SliderProps) -> Html {
    mark_render("LinkSlider");
    let on_input = use_callback((*slider, *link, change.clone()), |event: InputEvent, (slider, link, change)| {
        let input: HtmlInputElement = event.target_unchecked_into();
        if let Ok(step) = input.value().parse() {
            change.emit(Action::Wished(slider.set(*link, step)));
        }
    });
    let on_change = use_callback(change.clone(), |_: Event, change| change.emit(Action::Settled));
    let value: AttrValue = text::of_slider(*slider, *link).into();
    html! {
        <>
            <label for={*id}>{ *label }</label>
            <input type="range" id={*id} min="0" max={slider.last().to_string()} value={slider.step(*link).to_string()}
                aria-valuetext={value.clone()} oninput={on_input} onchange={on_change} />
            <output for={*id} translate="no" aria-live="off">{ value }</output>
        </>
    }
}

//! Three ways to ask the same questions, raced and laid side by side.

use std::rc::Rc;
use std::time::Duration;

use launcelot_charts::{Scale, race as chart};
use launcelot_measure::{Preset, Run, Span, Unit, Way};
use yew::prelude::*;

use crate::bridge::Route;
use crate::components::keep_room::KeepRoom;
use crate::components::timetable::{self, TimetableHead, TimetableRow};
use crate::focus;
use crate::provenance;
use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::lab::{Action, Lab};
use crate::state::race::Race;
use crate::text::provenance::of_race;
use crate::text::race as text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The race of this page, which may not have begun.
    pub race: Shared<Race>,
    /// Races from files, and from other tabs.
    pub others: Vec<Shared<Race>>,
    /// What can be seen of the lab.
    pub lab: Lab,
    /// Why a race cannot begin now; `None` if it can.
    pub busy: Option<&'static str>,
    /// Begins a race.
    pub begin: Callback<()>,
    /// Stops the race.
    pub stop: Callback<()>,
    /// Changes the route and the link.
    pub change_lab: Callback<Action>,
}

/// The section.
#[component]
pub fn RaceSection(props: &Props) -> Html {
    mark_render("RaceSection");
    let Props { race, others, lab, busy, begin, stop, change_lab } = props;
    let is_running = race.is_running();
    let state = if is_running {
        "running"
    } else if race.is_complete() {
        "complete"
    } else if race.failure().is_some() {
        "broken"
    } else {
        "idle"
    };
    let action = if is_running { stop } else { begin };
    let on_race = use_callback(action.clone(), |_: MouseEvent, action| action.emit(()));
    let busy = busy.filter(|_| !is_running);
    let label = if is_running { "Stop" } else { "Race them" };
    html! {
        <section id="race" aria-labelledby="race-title" data-state={state}>
            <h2 id="race-title">{ "Three ways to ask" }</h2>
            <p>{ text::INTRODUCTION }</p>
            <div class="controls">
                <button id="run-race" type="button" aria-disabled={busy.is_some().to_string()} aria-description={busy} onclick={on_race}>
                    <span key={label}>{ label }</span>
                </button>
                // Above what the traces of the race may still add, which would move it away from a mouse on its way.
                if let Some(preset) = text::longer_link(race, lab) {
                    <LongerLink key={preset.name()} {preset} change={change_lab.clone()} />
                }
                <span class="over" translate="no">{ text::over(lab) }</span>
            </div>
            // What comes and goes has a place of its own: what stands beside it keeps the keyboard's focus.
            <KeepRoom is_settled={!is_running}>
                <div class="ways"><Ways race={race.clone()} /></div>
                <p id="race-meaning" class="moral" role="status">{ text::meaning(race, unit(race)) }</p>
            </KeepRoom>
            for race in others {
                <OtherRace key={race.entry.to_string()} race={race.clone()} />
            }
        </section>
    }
}

#[derive(PartialEq, Properties)]
struct LongerLinkProps {
    preset: Preset,
    /// Changes the route and the link.
    change: Callback<Action>,
}

/// A way out where the link is too short to tell anything.
#[component]
fn LongerLink(LongerLinkProps { preset, change }: &LongerLinkProps) -> Html {
    mark_render("LongerLink");
    let on_choose = use_callback((*preset, change.clone()), |_: MouseEvent, (preset, change)| {
        // The button goes away.
        focus::move_to("run-race");
        for action in [Action::RouteChosen(Route::Tunnel), Action::Wished(preset.link()), Action::Settled] {
            change.emit(action);
        }
    });
    html! {
        <button id="longer-link" type="button" onclick={on_choose}>
            { format!("Choose a longer link: {}", preset.name()) }
        </button>
    }
}

#[derive(PartialEq, Properties)]
struct RaceProps {
    race: Shared<Race>,
}

/// A race from a file, or from another tab.
#[component]
fn OtherRace(RaceProps { race }: &RaceProps) -> Html {
    mark_render("OtherRace");
    let measured = of_race(race, provenance::for_people);
    html! {
        <div class="imported-race" translate="no">
            <p class="comparison">
                if race.is_imported() {
                    <span class="imported">{ "imported" }</span>
                }
                { [" A race from a file, another tab or an earlier visit: ", &race.url, ". ", &measured].concat() }
            </p>
            <Ways race={race.clone()} />
            <p class="moral">{ text::meaning(race, unit(race)) }</p>
        </div>
    }
}

/// The axis on which all ways fit; `None` before there is something to be drawn.
pub fn scale(race: &Race) -> Option<Scale> {
    let mut longest = None;
    for way in Way::ALL {
        longest = longest.max(total(runs(race, way))).max(race.whisker(way).map(|whisker| whisker.end()));
    }
    Some(Scale::to_fit(longest?.max(race.clock_step())))
}

/// The unit of that axis, and of every figure and sentence beside it.
fn unit(race: &Race) -> Unit {
    scale(race).map_or(Unit::Milliseconds, |scale| scale.unit())
}

/// A row for each way, all on one time axis; nothing before there is something to be drawn.
#[component]
fn Ways(RaceProps { race }: &RaceProps) -> Html {
    mark_render("Ways");
    let Some(scale) = scale(race) else { return Html::default() };
    let unit = scale.unit();
    let caption = "The race: each way to ask, the parts of its time, when its answers arrived, and how long it took";
    let took = |way| {
        let took = total(runs(race, way)).map(|until| Span { from: Duration::ZERO, until });
        took.map_or_else(|| "–".to_owned(), |took| timetable::figure(unit, took, race.clock_step()))
    };
    html! {
        <>
            <table class="dialogue race" role="table">
                <TimetableHead {caption} columns={["Way to ask", "Parts of its time"]} {scale} />
                <tbody role="rowgroup">
                    for way in Way::ALL {
                        <TimetableRow key={text::name(way)} words={text::name(way)} when={text::lanes(way)} took={took(way)}
                            drawing={Rc::new(chart::lanes(&scale, runs(race, way), race.whisker(way)))}>
                            { text::parts(race, way, unit) }
                        </TimetableRow>
                    }
                </tbody>
            </table>
            if !race.is_running() {
                <p class="limits">{ text::limits(race) }</p>
            }
        </>
    }
}

/// The runs that are drawn of a way.
fn runs(race: &Race, way: Way) -> impl Iterator<Item = &Run> + Clone {
    race.drawn(way).map(|record| &record.run)
}

/// From the beginning to the last answer so far, once there is a connection.
pub fn total<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<Duration> {
    runs.filter(|run| run.connecting.is_some()).map(Run::until).max()
}

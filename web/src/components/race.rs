//! Three ways to ask the same questions, raced and laid side by side.

use std::time::Duration;

use launcelot_charts::{Scale, race as chart};
use launcelot_measure::{Preset, Run, Span, Unit, Way};
use yew::prelude::*;

use crate::bridge::Route;
use crate::components::timetable::{self, Line};
use crate::hooks::Asker;
use crate::state::lab::Action as LabAction;
use crate::state::{Action, race::Race};
use crate::words::race as words;

/// The section.
#[inline(never)]
pub fn race(asker: &Asker) -> Html {
    let race = &asker.state().race;
    let state = match () {
        () if race.is_running() => "running",
        () if race.is_complete() => "complete",
        () if race.failure().is_some() => "broken",
        () => "idle",
    };
    let on_race = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| if asker.state().race.is_running() { asker.stop() } else { asker.race() })
    };
    let is_idle = !race.is_running();
    html! {
        <section id="race" aria-labelledby="race-title" data-state={state}>
            <h2 id="race-title">{ "Three ways to ask" }</h2>
            <p>{ words::INTRODUCTION }</p>
            <div class="controls">
                <button id="run-race" type="button" aria-disabled={(is_idle && !asker.is_ready()).to_string()} onclick={on_race}>
                    { if is_idle { "Race them" } else { "Stop" } }
                </button>
                <span class="over">{ words::over(&asker.state().lab) }</span>
            </div>
            // What comes and goes has a place of its own: what stands beside it keeps the keyboard's focus.
            <div class="ways">{ ways(race) }</div>
            <p id="race-meaning" class="moral" role="status">{ words::meaning(race, unit(race)) }</p>
            if let Some(preset) = words::longer_link(race, &asker.state().lab) {
                { longer_link(asker, preset) }
            }
            for race in &asker.state().imported_races {
                { imported(race) }
            }
        </section>
    }
}

/// A way out where the link is too short to tell anything.
fn longer_link(asker: &Asker, preset: Preset) -> Html {
    let on_choose = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| {
            for action in [LabAction::RouteChosen(Route::Tunnel), LabAction::Wished(preset.link()), LabAction::Settled]
            {
                asker.dispatch(Action::Lab(action));
            }
        })
    };
    html! {
        <button id="longer-link" type="button" onclick={on_choose}>
            { format!("Choose a longer link: {}", preset.name()) }
        </button>
    }
}

/// A race from a file.
fn imported(race: &Race) -> Html {
    html! {
        <div class="imported-race">
            <p class="comparison"><span class="imported">{ "imported" }</span>{ format!(" A race elsewhere, or another day: {}.", race.url) }</p>
            { ways(race) }
            <p class="moral">{ words::meaning(race, unit(race)) }</p>
        </div>
    }
}

/// The axis on which all ways fit; `None` before there is something to be drawn.
#[inline(never)]
pub fn scale(race: &Race) -> Option<Scale> {
    let mut longest = None;
    for way in Way::ALL {
        longest = longest.max(total(runs(race, way))).max(race.whisker(way).map(|whisker| whisker.end()));
    }
    Some(Scale::to_fit(longest?.max(race.clock_step())))
}

/// The unit of that axis, and of every figure and sentence beside it.
#[inline(never)]
fn unit(race: &Race) -> Unit {
    scale(race).map_or(Unit::Milliseconds, |scale| scale.unit())
}

/// A row for each way, all on one time axis; nothing before there is something to be drawn.
#[inline(never)]
fn ways(race: &Race) -> Option<Html> {
    let scale = scale(race)?;
    let caption =
        "The race: each way to ask, of which parts its time is made, when its answers came, and how long it took";
    Some(html! {
        <>
            <table class="dialogue race" role="table">
                { timetable::head(caption, ["Way", "Parts"], Some(scale)) }
                { timetable::body(Way::ALL.into_iter().map(|way| line(race, way, &scale))) }
            </table>
            if !race.is_running() {
                <p class="limits">{ words::limits(race) }</p>
            }
        </>
    })
}

/// The runs that are drawn of a way.
fn runs(race: &Race, way: Way) -> impl Iterator<Item = &Run> + Clone {
    race.drawn(way).map(|numbered| &numbered.run)
}

#[inline(never)]
fn line(race: &Race, way: Way, scale: &Scale) -> Line {
    let runs = runs(race, way);
    let unit = scale.unit();
    let took = total(runs.clone()).map(|until| Span { from: Duration::ZERO, until });
    Line {
        words: words::name(way).to_owned(),
        answer: Html::from(words::parts(race, way, unit)),
        when: words::lanes(way).to_owned(),
        took: took.map_or_else(|| "–".to_owned(), |took| timetable::figure(unit, took, race.clock_step())),
        svg: Some(chart::lanes(scale, runs, race.whisker(way))),
    }
}

/// From the beginning to the last answer so far, once there is a connection.
pub fn total<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<Duration> {
    runs.filter(|run| run.connecting.is_some()).map(Run::until).max()
}

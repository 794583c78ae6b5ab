//! Three ways to ask the same questions, raced and laid side by side.

use std::time::Duration;

use launcelot_charts::{Scale, race as chart};
use launcelot_measure::Run;
use yew::prelude::*;

use crate::components::timetable::{self, Line};
use crate::hooks::Asker;
use crate::state::race::{Heat, Race};
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
            <p id="race-meaning" class="moral" role="status">{ words::meaning(race) }</p>
            for race in &asker.state().imported_races {
                { imported(race) }
            }
        </section>
    }
}

/// A race from a file.
fn imported(race: &Race) -> Html {
    html! {
        <div class="imported-race">
            <p class="comparison"><span class="imported">{ "imported" }</span>{ format!(" A race elsewhere, or another day: {}.", race.url) }</p>
            { ways(race) }
            <p class="moral">{ words::meaning(race) }</p>
        </div>
    }
}

/// A row for each way, all on one time axis; nothing before there is something to be drawn.
#[inline(never)]
fn ways(race: &Race) -> Option<Html> {
    let longest = Heat::SHOWN.into_iter().filter_map(|heat| total(race.runs(heat))).max()?;
    let scale = Scale::to_fit(longest);
    let caption =
        "The race: each way to ask, of which parts its time is made, when its answers came, and how long it took";
    Some(html! {
        <>
            <table class="dialogue race" role="table">
                { timetable::head(caption, ["Way", "Parts"], Some(scale)) }
                { timetable::body(Heat::SHOWN.into_iter().map(|heat| line(race, heat, &scale))) }
            </table>
            if !race.is_running() {
                <p class="limits">{ words::limits(race) }</p>
            }
        </>
    })
}

#[inline(never)]
fn line(race: &Race, heat: Heat, scale: &Scale) -> Line {
    let runs = race.runs(heat);
    Line {
        words: words::name(heat).to_owned(),
        answer: Html::from(words::parts(runs.clone())),
        when: words::lanes(heat).to_owned(),
        took: total(runs.clone()).map_or_else(|| "–".to_owned(), |took| scale.unit().figure(took)),
        svg: Some(chart::lanes(scale, runs)),
    }
}

/// From the beginning to the last answer so far.
fn total<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<Duration> {
    runs.map(Run::until).max().filter(|total| !total.is_zero())
}

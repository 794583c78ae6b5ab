//! The sections whose code is loaded later, because a person sees them only after the first question, or further down. What draws them
//! are functions in a part of the program.

use std::rc::Rc;

use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use crate::components::earlier_runs::EarlierRuns;
use crate::components::export::{Available, Export};
use crate::components::legs_table::LegsTable;
use crate::components::load_reports::LoadReports;
use crate::components::many_rounds::ManyRounds;
use crate::components::race::RaceSection;
use crate::components::route::RouteControls;
use crate::components::slow_motion::{Recording, SlowMotion};
use crate::histograms::SharedHistograms;
use crate::hooks::{Actions, DroppedFiles};
use crate::pictures::Chart;
use crate::rows;
use crate::shared::Shared;
use crate::split::split_point;
use crate::state::State;
use crate::text::busy;

/// What the page has for its sections. Each function below hands a section the part that it shows.
#[derive(Clone)]
pub struct Page {
    pub state: UseReducerHandle<State>,
    pub actions: Rc<Actions>,
    pub dropped: Shared<DroppedFiles>,
    pub histograms: SharedHistograms,
}

/// A function that draws a section.
pub type Draw = fn(&Page) -> Html;

/// What draws the sections in the part for [`distributions`](crate::distributions), which the browser loads first when it is idle.
#[derive(Debug, Clone, Copy)]
pub struct RoundsSections {
    pub legs_table: Draw,
    pub earlier_runs: Draw,
    pub slow_motion: Draw,
    pub race: Draw,
    pub many_rounds: Draw,
}

split_point!(
    rounds,
    pub async fn load_rounds_sections() -> Result<RoundsSections, SplitLoaderError> {
        Ok(RoundsSections { legs_table, earlier_runs, slow_motion, race, many_rounds })
    }
);

/// What draws the sections in the part for [`files`](crate::files), which decodes what the lab replies, too: before it is loaded, no
/// lab is known whose link could be changed.
#[derive(Debug, Clone, Copy)]
pub struct FilesSections {
    pub route: Draw,
    pub load_reports: Draw,
    pub export: Draw,
}

split_point!(
    files,
    pub async fn load_files_sections() -> Result<FilesSections, SplitLoaderError> {
        Ok(FilesSections { route, load_reports, export })
    }
);

fn legs_table(Page { state, .. }: &Page) -> Html {
    let traced = state.runs.newest().filter(|newest| newest.trace().is_some()).cloned();
    let unit = rows::unit(traced.as_deref(), &state.runs.compared());
    html! { <LegsTable {traced} {unit} /> }
}

fn earlier_runs(Page { state, actions, .. }: &Page) -> Html {
    html! {
        <EarlierRuns runs={state.runs.earlier()} compared={state.runs.compared()} is_unstored={state.are_runs_unstored}
            compare={actions.compare.clone()} remove={actions.remove_run.clone()} />
    }
}

fn slow_motion(Page { state, .. }: &Page) -> Html {
    html! { <SlowMotion recordings={Recording::all(&state.runs, state.races())} /> }
}

fn race(Page { state, actions, .. }: &Page) -> Html {
    html! {
        <RaceSection race={state.race.clone()} others={state.other_races.clone()} lab={state.lab.visible()} busy={state.busy()}
            begin={actions.race.clone()} stop={actions.stop.clone()} change_lab={actions.change_lab.clone()} />
    }
}

fn many_rounds(Page { state, actions, histograms, .. }: &Page) -> Html {
    html! {
        <ManyRounds rounds={state.rounds.clone()} histograms={histograms.clone()} busy={state.busy()} ask={actions.ask_in_rounds.clone()}
            stop={actions.stop.clone()} change={actions.change_rounds.clone()} />
    }
}

fn route(Page { state, actions, .. }: &Page) -> Html {
    html! { <RouteControls lab={state.lab.visible()} change={actions.change_lab.clone()} /> }
}

fn load_reports(Page { state, actions, .. }: &Page) -> Html {
    html! { <LoadReports reports={state.loads.clone()} remove={actions.remove_load.clone()} /> }
}

fn export(Page { state, actions, dropped, histograms }: &Page) -> Html {
    html! {
        <Export available={Available::of(state)} charts={Chart::all_drawn(state)} histograms={histograms.clone()}
            busy={state.is_running().then_some(busy::RUNNING)} clear={actions.clear.clone()} dropped={dropped.clone()}
            import={actions.import.clone()} import_load={actions.import_load.clone()} state={actions.state.clone()} />
    }
}

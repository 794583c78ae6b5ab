//! The charts, to be saved as pictures.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::download;
use crate::files;
use crate::histograms::SharedHistograms;
use crate::pictures::Chart;
use crate::render_mark::mark_render;
use crate::state::State;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The charts that the page shows.
    pub charts: Vec<Chart>,
    pub histograms: SharedHistograms,
    /// Returns the state as it is now.
    pub state: Callback<(), UseReducerHandle<State>>,
    /// Gets the name of a file that could not be saved.
    pub on_failure: Callback<String>,
}

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Svg => "SVG",
            Self::Png => "PNG",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// A line for each chart, with a button for each kind of picture.
#[component]
pub fn Pictures(Props { charts, histograms, state, on_failure }: &Props) -> Html {
    mark_render("Pictures");
    html! {
        <ul class="pictures" aria-label="Pictures">
            for chart in charts.iter().copied() {
                <li key={chart.name()} class="controls">
                    <span>{ title(chart) }</span>
                    for kind in [Kind::Svg, Kind::Png] {
                        <PictureButton key={kind.extension()} {chart} {kind} histograms={histograms.clone()} state={state.clone()} on_failure={on_failure.clone()} />
                    }
                </li>
            }
        </ul>
    }
}

fn title(chart: Chart) -> &'static str {
    match chart {
        Chart::Dialogue => "Picture of the dialogue",
        Chart::Race => "Picture of the race",
        Chart::Histogram => "Picture of how often each time occurred",
        Chart::Percentiles => "Picture of the percentiles",
    }
}

#[derive(PartialEq, Properties)]
struct ButtonProps {
    chart: Chart,
    kind: Kind,
    histograms: SharedHistograms,
    state: Callback<(), UseReducerHandle<State>>,
    on_failure: Callback<String>,
}

/// A button that saves a picture.
#[component]
fn PictureButton(ButtonProps { chart, kind, histograms, state, on_failure }: &ButtonProps) -> Html {
    mark_render("PictureButton");
    let (chart, kind) = (*chart, *kind);
    let id = ["export-", chart.name(), "-", kind.extension()].concat();
    let inputs = (histograms.clone(), state.clone(), on_failure.clone());
    let on_save = use_callback(inputs, move |_: MouseEvent, (histograms, state, on_failure)| {
        let (histograms, state, on_failure) = (histograms.clone(), state.emit(()), on_failure.clone());
        spawn_local(async move { save(chart, kind, &state, &histograms, on_failure).await });
    });
    html! {
        <button {id} type="button" onclick={on_save}>
            { kind.name() }<span class="unseen">{ ": " }{ title(chart) }</span>
        </button>
    }
}

async fn save(chart: Chart, kind: Kind, state: &State, histograms: &SharedHistograms, on_failure: Callback<String>) {
    let name = download::file_name(&["-", chart.name(), ".", kind.extension()].concat());
    let is_saved = match (files::picture(chart, state, histograms).await, kind) {
        (None, _) => false,
        (Some(svg), Kind::Svg) => download::save(&name, "image/svg+xml", &svg).is_ok(),
        (Some(svg), Kind::Png) => files::save_png(name.clone(), svg, on_failure.clone()).await.is_some(),
    };
    if !is_saved {
        on_failure.emit(name);
    }
}

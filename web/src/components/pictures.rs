//! The charts, to be saved as pictures.

use std::pin::Pin;

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::download;
use crate::files;
use crate::histograms::SharedHistograms;
use crate::pictures::Chart;
use crate::render_mark::mark_render;
use crate::state::State;
use crate::text::import as text;

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

/// A picture as the text of an SVG file; `None` if what draws it cannot be loaded.
pub type Drawn = Pin<Box<dyn Future<Output = Option<String>>>>;

/// Draws a picture.
pub type Draw = Callback<(), Drawn>;

/// A line for each chart.
#[component]
pub fn Pictures(Props { charts, histograms, state, on_failure }: &Props) -> Html {
    mark_render("Pictures");
    html! {
        <ul class="pictures" aria-label="Pictures">
            for chart in charts.iter().copied() {
                <li key={chart.name()} class="controls">
                    <ChartLine {chart} histograms={histograms.clone()} state={state.clone()} on_failure={on_failure.clone()} />
                </li>
            }
        </ul>
    }
}

#[derive(PartialEq, Properties)]
struct ChartProps {
    chart: Chart,
    histograms: SharedHistograms,
    state: Callback<(), UseReducerHandle<State>>,
    on_failure: Callback<String>,
}

/// Saves a chart of the page as a picture.
#[component]
fn ChartLine(ChartProps { chart, histograms, state, on_failure }: &ChartProps) -> Html {
    let draw = use_callback((*chart, histograms.clone(), state.clone()), |(), (chart, histograms, state)| {
        let (chart, histograms, state) = (*chart, histograms.clone(), state.emit(()));
        let svg: Drawn = Box::pin(async move { files::picture(chart, &state, &histograms).await });
        svg
    });
    html! { <PictureButtons name={chart.name()} title={title(*chart)} {draw} {on_failure} /> }
}

#[derive(PartialEq, Properties)]
pub struct LineProps {
    /// The name of the chart, which is a part of its files' names.
    pub name: AttrValue,
    /// What the picture shows.
    pub title: AttrValue,
    /// Draws the picture.
    pub draw: Draw,
}

/// A line for a chart that stands somewhere else. It says itself what could not be saved.
#[component]
pub fn PictureLine(LineProps { name, title, draw }: &LineProps) -> Html {
    mark_render("PictureLine");
    let failed = use_state_eq(|| None::<String>);
    let on_failure = {
        let failed = failed.setter();
        use_callback((), move |file, ()| failed.set(Some(file)))
    };
    let draw = {
        let failed = failed.setter();
        use_callback(draw.clone(), move |(), draw| {
            failed.set(None);
            draw.emit(())
        })
    };
    html! {
        <div class="controls">
            <PictureButtons {name} {title} {draw} {on_failure} />
            if let Some(file) = &*failed {
                <span class="mistake" role="alert">{ text::not_saved(file) }</span>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ButtonsProps {
    name: AttrValue,
    title: AttrValue,
    draw: Draw,
    on_failure: Callback<String>,
}

/// What a picture shows, and a button for each kind of file.
#[component]
fn PictureButtons(ButtonsProps { name, title, draw, on_failure }: &ButtonsProps) -> Html {
    html! {
        <>
            <span>{ title }</span>
            for kind in [Kind::Svg, Kind::Png] {
                <PictureButton key={kind.extension()} {name} {title} {kind} {draw} {on_failure} />
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ButtonProps {
    name: AttrValue,
    title: AttrValue,
    kind: Kind,
    draw: Draw,
    on_failure: Callback<String>,
}

/// A button that saves a picture.
#[component]
fn PictureButton(ButtonProps { name, title, kind, draw, on_failure }: &ButtonProps) -> Html {
    mark_render("PictureButton");
    let inputs = (name.clone(), *kind, draw.clone(), on_failure.clone());
    let on_save = use_callback(inputs, |_: MouseEvent, (name, kind, draw, on_failure)| {
        spawn_local(save(name.clone(), *kind, draw.emit(()), on_failure.clone()));
    });
    html! {
        <button id={["export-", name, "-", kind.extension()].concat()} type="button" onclick={on_save}>
            { kind.name() }<span class="unseen">{ ": " }{ title }</span>
        </button>
    }
}

fn title(chart: Chart) -> &'static str {
    match chart {
        Chart::Dialogue => "Picture of the dialogue",
        Chart::Race => "Picture of the race",
        Chart::Histogram => "Picture of the histogram",
        Chart::Percentiles => "Picture of the percentiles",
    }
}

/// Saves the text of an SVG file as a picture of the chart with this name.
async fn save(chart: AttrValue, kind: Kind, svg: Drawn, on_failure: Callback<String>) {
    let name = download::file_name(&["-", &chart, ".", kind.extension()].concat());
    let is_saved = match (svg.await, kind) {
        (None, _) => false,
        (Some(svg), Kind::Svg) => download::save(&name, "image/svg+xml", &svg).is_ok(),
        (Some(svg), Kind::Png) => files::save_png(name.clone(), svg, on_failure.clone()).await.is_some(),
    };
    if !is_saved {
        on_failure.emit(name);
    }
}

//! The charts, to be saved as pictures.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::download;
use crate::files;
use crate::hooks::Asker;
use crate::pictures::Chart;

/// A line for each chart that the page shows, with a button for each kind of file. `on_failure` gets the name of a file
/// that could not be saved.
pub fn pictures(asker: &Asker, on_failure: &Callback<String>) -> Html {
    let drawn = Chart::ALL.into_iter().filter(|chart| chart.is_drawn(asker.state()));
    html! {
        <ul class="pictures" aria-label="Pictures">
            for chart in drawn {
                <li key={chart.name()} class="controls">
                    <span>{ title(chart) }</span>
                    for kind in ["SVG", "PNG"] {
                        { button(asker, chart, kind, on_failure) }
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

fn button(asker: &Asker, chart: Chart, kind: &'static str, on_failure: &Callback<String>) -> Html {
    let ending = kind.to_ascii_lowercase();
    let id = ["export-", chart.name(), "-", &ending].concat();
    let on_save = {
        let (asker, on_failure) = (asker.clone(), on_failure.clone());
        Callback::from(move |_: MouseEvent| {
            let name = download::file_name(&["-", chart.name(), ".", &ending].concat());
            let (asker, on_failure) = (asker.clone(), on_failure.clone());
            spawn_local(async move {
                let svg = files::picture(chart, asker.state()).await;
                let is_saved = match svg {
                    None => false,
                    Some(svg) if kind == "SVG" => download::save(&name, "image/svg+xml", &svg).is_ok(),
                    Some(svg) => files::save_png(name.clone(), svg, on_failure.clone()).await.is_some(),
                };
                if !is_saved {
                    on_failure.emit(name);
                }
            });
        })
    };
    html! {
        <button {id} type="button" onclick={on_save}>
            { kind }<span class="unseen">{ ": " }{ title(chart) }</span>
        </button>
    }
}

//! Links to the documentation, if it is served with the page. A build by trunk does not contain it.

use yew::prelude::*;

use crate::render_mark::mark_render;

/// The addresses and names of the documents that explain what the page shows.
const DOCS: [(&str, &str); 4] = [
    ("./figures.html", "what the figures mean"),
    ("./protocol.html", "the protocol"),
    ("./load.html", "many clients at once"),
    ("./troubleshooting.html", "troubleshooting"),
];

/// A line of links.
#[component]
pub fn DocsLinks() -> Html {
    mark_render("DocsLinks");
    let document = web_sys::window().and_then(|window| window.document());
    let marker = document.and_then(|document| document.query_selector("meta[name=docs]").ok().flatten());
    if marker.is_none() {
        return Html::default();
    }
    html! {
        <nav id="docs" aria-label="Documentation">
            { "Documentation: " }
            for (index, (address, name)) in DOCS.iter().enumerate() {
                { if index > 0 { " · " } else { "" } }<a href={*address}>{ *name }</a>
            }
        </nav>
    }
}

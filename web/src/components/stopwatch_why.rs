//! Why the curve of a series is what it is with the chosen stopwatch.

use js_sys::futures::spawn_local;
use launcelot_measure::{Rounds, Stopwatch};
use yew::prelude::*;

use crate::files;
use crate::render_mark::mark_render;
use crate::shared::Shared;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The series.
    pub rounds: Shared<Rounds>,
    /// Where the stopwatch starts.
    pub stopwatch: Stopwatch,
}

/// A paragraph. What judges the series is loaded when the browser is idle, so the paragraph may be empty at first.
#[component]
pub fn StopwatchWhy(props: &Props) -> Html {
    mark_render("StopwatchWhy");
    let why = use_state_eq(String::new);
    {
        let why = why.setter();
        use_effect_with((props.rounds.clone(), props.stopwatch), move |(rounds, stopwatch)| {
            let (rounds, stopwatch) = (rounds.clone(), *stopwatch);
            spawn_local(async move { why.set(files::why(&rounds, stopwatch).await.unwrap_or_default()) });
        });
    }
    let live = if props.rounds.is_over() { "polite" } else { "off" };
    html! { <p id="stopwatch-why" aria-live={live}>{ &*why }</p> }
}

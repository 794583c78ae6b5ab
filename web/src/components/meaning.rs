//! What the numbers mean, in words, for the eye and the ear.

use std::rc::Rc;

use launcelot_measure::{RunStatus, Unit};
use yew::prelude::*;

use crate::render_mark::mark_render;
use crate::shared::Shared;
use crate::state::run_record::{Legs, RunRecord};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Whether the worker's clock is known.
    pub has_clock: bool,
    /// Why the page cannot ask at all, if it cannot.
    pub broken: Option<Rc<str>>,
    /// The newest run.
    pub newest: Option<Shared<RunRecord>>,
    /// The runs that are compared with it.
    pub compared: Vec<Shared<RunRecord>>,
    /// The unit of the figures beside the sentences.
    pub unit: Unit,
    /// Stops what is running.
    pub stop: Callback<()>,
}

/// The sentences under the table, and while a run is going on, a button that stops it. A screen reader
/// announces the sentences as they change.
#[component]
pub fn Meaning(props: &Props) -> Html {
    mark_render("Meaning");
    let Props { has_clock, broken, newest, compared, unit, stop } = props;
    let (newest, unit) = (newest.as_deref(), *unit);
    let on_stop = use_callback(stop.clone(), |_: MouseEvent, stop| stop.emit(()));
    let (class, meaning) = match newest {
        None if !has_clock => ("", "Measuring the resolution of the clock…".to_owned()),
        None => ("", "Nothing has been asked yet.".to_owned()),
        Some(newest) => {
            let class = if matches!(newest.run.status, RunStatus::Broken(_)) { "broken" } else { "" };
            (class, text::meaning(&newest.run, unit))
        }
    };
    let comparison = |newest: &RunRecord, other: &RunRecord| {
        let what = format!("Run {}", other.number);
        let conditions = [newest, other].map(|record| (record.link_revisions, record.server_work));
        let not_compared = text::link::not_compared(&what, conditions);
        not_compared.or_else(|| text::comparison(&newest.run, &other.run, other.number, unit))
    };
    html! {
        <div class="meaning">
            if let Some(why) = broken {
                <p id="broken" class="broken" role="alert">{ &**why }</p>
            }
            <div role="status">
                if let Some(imported) = newest.filter(|newest| newest.is_imported) {
                    <p class="comparison">
                        <span class="imported">{ "imported" }</span>
                        { format!(" Measured elsewhere or on another day. Target: {}.", imported.run.target) }
                    </p>
                }
                if broken.is_none() {
                    <p id="meaning" class={class}>{ meaning }</p>
                }
                if let Some(newest) = newest {
                    { where_it_went(newest, unit) }
                    for comparison in compared.iter().filter_map(|other| comparison(newest, other)) {
                        <p class="comparison">{ comparison }</p>
                    }
                }
            </div>
            if newest.is_some_and(|newest| !newest.run.is_over()) {
                <button id="stop" type="button" onclick={on_stop}>{ "Stop waiting" }</button>
            }
        </div>
    }
}

/// Says on which legs the time of a complete run went, once the lab has reported it.
fn where_it_went(newest: &RunRecord, unit: Unit) -> Option<Html> {
    let words = match (&newest.run.status, newest.breakdown()) {
        (RunStatus::Complete, Some(breakdown)) => text::legs::where_it_went(&breakdown, newest.asker(), unit),
        (RunStatus::Complete, None) if newest.legs == Legs::Unknown => text::legs::UNKNOWN.to_owned(),
        _ => return None,
    };
    Some(html! { <p id="where">{ words }</p> })
}

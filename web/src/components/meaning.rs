//! What the numbers mean, in words, for the eye and the ear.

use launcelot_measure::{RunStatus, Unit};
use yew::prelude::*;

use crate::hooks::Asker;
use crate::rows;
use crate::state::{Legs, RunRecord};
use crate::text;

/// What it shows and acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The sentences under the table, and while they say what is waited for, a button to wait no longer. A
/// screen reader hears the sentences as they change.
#[component]
pub fn Meaning(props: &Props) -> Html {
    let state = props.asker.state();
    let newest = state.newest();
    let unit = rows::unit(state);
    let (class, meaning) = match (&state.broken, newest) {
        (Some(why), _) => ("broken", why.clone()),
        (None, None) if state.clock.is_none() => ("", "Setting the clock…".to_owned()),
        (None, None) => ("", "Nothing has been asked yet.".to_owned()),
        (None, Some(newest)) => {
            let class = if matches!(newest.run.status, RunStatus::Broken(_)) { "broken" } else { "" };
            (class, text::meaning(&newest.run, unit))
        }
    };
    let comparisons: Vec<String> = newest
        .map(|newest| {
            let compared = |ghost: &RunRecord| {
                let what = format!("Run {}", ghost.number);
                let conditions = [newest, ghost].map(|numbered| (numbered.passage, numbered.server_work));
                let not = text::link::not_compared(&what, conditions);
                not.or_else(|| text::comparison(&newest.run, &ghost.run, ghost.number, unit))
            };
            state.ghosts().filter_map(compared).collect()
        })
        .unwrap_or_default();
    let on_stop = {
        let asker = props.asker.clone();
        Callback::from(move |_: MouseEvent| asker.stop())
    };
    html! {
        <div class="meaning">
            <div role="status">
                if let Some(imported) = newest.filter(|newest| newest.is_imported) {
                    <p class="comparison">
                        <span class="imported">{ "imported" }</span>
                        { format!(" This was measured elsewhere, or another day: {}.", imported.run.target) }
                    </p>
                }
                <p id="meaning" class={class}>{ meaning }</p>
                { newest.and_then(|newest| where_it_went(newest, unit)) }
                for comparison in comparisons {
                    <p class="comparison">{ comparison }</p>
                }
            </div>
            if state.is_asking_once() {
                <button id="stop" type="button" onclick={on_stop}>{ "Stop waiting" }</button>
            }
        </div>
    }
}

/// On which legs the time of a complete run went, once the lab has said so.
fn where_it_went(newest: &RunRecord, unit: Unit) -> Option<Html> {
    let words = match (&newest.run.status, newest.breakdown()) {
        (RunStatus::Complete, Some(breakdown)) => text::legs::where_it_went(&breakdown, newest.asker(), unit),
        (RunStatus::Complete, None) if newest.legs == Legs::Unknown => text::legs::UNKNOWN.to_owned(),
        _ => return None,
    };
    Some(html! { <p id="where">{ words }</p> })
}

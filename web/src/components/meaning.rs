//! What the numbers mean, in words, for the eye and the ear.

use launcelot_measure::Ending;
use yew::prelude::*;

use crate::hooks::Asker;
use crate::words;

/// What it shows.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The sentences under the table. A screen reader hears them as they change.
#[component]
pub fn Meaning(props: &Props) -> Html {
    let state = props.asker.state();
    let newest = state.newest();
    let (class, meaning) = match (&state.broken, newest) {
        (Some(why), _) => ("broken", why.clone()),
        (None, None) if state.clock.is_none() => ("", "Setting the clock…".to_owned()),
        (None, None) => ("", "Nothing has been asked yet.".to_owned()),
        (None, Some(newest)) => {
            let class = if matches!(newest.run.ending, Ending::Broken(_)) { "broken" } else { "" };
            (class, words::meaning(&newest.run))
        }
    };
    let comparisons: Vec<String> = newest
        .map(|newest| {
            state.ghosts().filter_map(|ghost| words::comparison(&newest.run, &ghost.run, ghost.number)).collect()
        })
        .unwrap_or_default();
    html! {
        <div class="meaning" role="status">
            <p id="meaning" class={class}>{ meaning }</p>
            for comparison in comparisons {
                <p class="comparison">{ comparison }</p>
            }
        </div>
    }
}

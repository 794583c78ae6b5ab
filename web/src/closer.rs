//! What is drawn for those who look closer. A browser loads it when the first part of the page is there: by then the
//! first question can be asked.
//!
//! Which functions are in which part is found out by who calls whom (see `xtask/src/split.rs`): what only `load` leads
//! to is loaded later. Without the feature `split`, as under `trunk serve`, the page has one part.

use js_sys::futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use crate::components::many_rounds::ManyRounds;
use crate::components::race::race;
use crate::components::runs::Runs;
use crate::components::slow_motion::SlowMotion;
use crate::components::take_along::TakeAlong;
use crate::hooks::Asker;

/// Draws everything that is loaded later.
type Draw = fn(&Asker) -> Html;

/// The way to it. It becomes asynchronous when it is split off.
#[cfg_attr(feature = "split", wasm_split(later, fallible))]
fn load() -> Result<Draw, SplitLoaderError> {
    Ok(draw)
}

fn draw(asker: &Asker) -> Html {
    html! {
        <>
            <Runs asker={asker.clone()} />
            <SlowMotion asker={asker.clone()} />
            { race(asker) }
            <ManyRounds asker={asker.clone()} />
            <TakeAlong asker={asker.clone()} />
        </>
    }
}

/// How far it is.
#[derive(Clone, Copy)]
enum Part {
    Loading,
    Missing,
    Loaded(Draw),
}

/// What it shows and acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The sections, as soon as they are loaded. If they cannot be, a button tries again.
#[component]
pub fn Closer(props: &Props) -> Html {
    let part = use_state(|| Part::Loading);
    let begin = {
        let becomes = part.setter();
        move || {
            becomes.set(Part::Loading);
            spawn_local(async move {
                #[cfg(feature = "split")]
                let loaded = load().await;
                #[cfg(not(feature = "split"))]
                let loaded = load();
                becomes.set(loaded.map_or(Part::Missing, Part::Loaded));
            });
        }
    };
    {
        let begin = begin.clone();
        use_effect_with((), move |()| begin());
    }
    match *part {
        Part::Loaded(draw) => draw(&props.asker),
        Part::Loading => html! { <p id="rest" role="status">{ "The rest of the page is on its way…" }</p> },
        Part::Missing => html! {
            <p id="rest" class="mistake" role="alert">
                { "The rest of the page could not be loaded. " }
                <button type="button" onclick={move |_| begin.clone()()}>{ "Try again" }</button>
            </p>
        },
    }
}

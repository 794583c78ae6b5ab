//! What draws sections of the page whose code is loaded later.

use js_sys::futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

/// What draws sections, as far as it is loaded.
#[derive(Debug, Clone)]
pub enum Later<D> {
    /// It is not loaded yet.
    Loading,
    /// It is loaded.
    Loaded(D),
    /// It could not be loaded; the callback tries again.
    Failed(Callback<MouseEvent>),
}

impl<D: Copy> Later<D> {
    /// Draws a section once that is possible, and nothing before.
    pub fn draw(&self, draw: impl FnOnce(D) -> Html) -> Html {
        match self {
            Self::Loaded(part) => draw(*part),
            Self::Loading | Self::Failed(_) => Html::default(),
        }
    }

    /// Returns an alert if the code could not be loaded. One place of the page shows it, for all sections.
    pub fn failure(&self) -> Html {
        let Self::Failed(on_retry) = self else { return Html::default() };
        html! {
            <p class="mistake" role="alert">
                { "A part of this page could not be loaded. " }
                <button class="load-again" type="button" onclick={on_retry}>{ "Try again" }</button>
            </p>
        }
    }
}

/// Returns what draws sections, which is loaded as soon as it is needed.
#[hook]
pub fn use_later<D, F>(is_needed: bool, load: fn() -> F) -> Later<D>
where
    D: Copy + 'static,
    F: Future<Output = Result<D, SplitLoaderError>> + 'static,
{
    let loaded = use_state(|| None::<Result<D, ()>>);
    let attempt = use_state_eq(|| 0_u32);
    let setter = loaded.setter();
    use_effect_with((is_needed, *attempt), move |(is_needed, _)| {
        if *is_needed {
            spawn_local(async move { setter.set(Some(load().await.map_err(drop))) });
        }
    });
    let on_retry = use_callback(attempt, |_: MouseEvent, attempt| attempt.set(**attempt + 1));
    match *loaded {
        None => Later::Loading,
        Some(Ok(part)) => Later::Loaded(part),
        Some(Err(())) => Later::Failed(on_retry),
    }
}

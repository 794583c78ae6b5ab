//! What draws a section of the page whose code is loaded later.

use js_sys::futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

/// What draws a section, as far as it is loaded.
#[derive(Debug, Clone)]
pub enum Section<D> {
    /// It is not loaded yet.
    Loading,
    /// It is loaded.
    Loaded(D),
    /// It could not be loaded; the callback tries again.
    Failed(Callback<MouseEvent>),
}

impl<D> Section<D> {
    /// Draws the section once that is possible; if it could not be loaded, says so.
    pub fn draw(self, draw: impl FnOnce(D) -> Html) -> Html {
        match self {
            Self::Loading => Html::default(),
            Self::Loaded(drawing) => draw(drawing),
            Self::Failed(on_retry) => html! {
                <p class="mistake" role="alert">
                    { "A part of this page could not be loaded. " }
                    <button class="load-again" type="button" onclick={on_retry}>{ "Try again" }</button>
                </p>
            },
        }
    }
}

/// Returns what draws a section, which is loaded as soon as it is needed.
#[hook]
pub fn use_section<D, F>(is_needed: bool, load: fn() -> F) -> Section<D>
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
    match *loaded {
        None => Section::Loading,
        Some(Ok(draw)) => Section::Loaded(draw),
        Some(Err(())) => Section::Failed(Callback::from(move |_| attempt.set(*attempt + 1))),
    }
}

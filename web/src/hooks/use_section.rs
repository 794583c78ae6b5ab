//! What draws a section of the page whose code is loaded later.

use js_sys::futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

/// What draws a section, as far as it is loaded.
#[derive(Debug, Clone, Copy)]
pub enum Section<D> {
    /// It is not loaded yet.
    Loading,
    /// It is loaded.
    Loaded(D),
    /// It could not be loaded.
    Failed,
}

impl<D> Section<D> {
    /// Draws the section once that is possible; if it could not be loaded, says so.
    pub fn draw(self, draw: impl FnOnce(D) -> Html) -> Html {
        match self {
            Self::Loading => Html::default(),
            Self::Loaded(drawing) => draw(drawing),
            Self::Failed => {
                html! { <p role="alert">{ "A part of this page could not be loaded. Load the page again." }</p> }
            }
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
    let section = use_state(|| Section::Loading);
    let setter = section.setter();
    use_effect_with(is_needed, move |is_needed| {
        if *is_needed {
            spawn_local(async move { setter.set(load().await.map_or(Section::Failed, Section::Loaded)) });
        }
    });
    *section
}

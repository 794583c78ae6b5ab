//! The sections whose code is loaded later, because they are below everything that a person sees first. What draws them is a function
//! in a part of the program.

use wasm_split_helpers::SplitLoaderError;
#[cfg(feature = "split")]
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use crate::components::export::{Export, Props as ExportProps};
use crate::components::many_rounds::{ManyRounds, Props as ManyRoundsProps};
use crate::hooks::use_section;

/// Many rounds, in the part for [`distributions`](crate::distributions).
#[component]
pub fn LaterManyRounds(props: &ManyRoundsProps) -> Html {
    use_section(true, load_many_rounds).draw(|draw| draw(props))
}

/// Export and import, in the part for [`files`](crate::files).
#[component]
pub fn LaterExport(props: &ExportProps) -> Html {
    use_section(true, load_export).draw(|draw| draw(props))
}

type DrawManyRounds = fn(&ManyRoundsProps) -> Html;

async fn load_many_rounds() -> Result<DrawManyRounds, SplitLoaderError> {
    #[cfg(feature = "split")]
    let draw = many_rounds_loaded().await;
    #[cfg(not(feature = "split"))]
    let draw = many_rounds_loaded();
    draw
}

#[cfg_attr(feature = "split", wasm_split(rounds, fallible))]
fn many_rounds_loaded() -> Result<DrawManyRounds, SplitLoaderError> {
    Ok(|props| html! { <ManyRounds ..props.clone() /> })
}

type DrawExport = fn(&ExportProps) -> Html;

async fn load_export() -> Result<DrawExport, SplitLoaderError> {
    #[cfg(feature = "split")]
    let draw = export_loaded().await;
    #[cfg(not(feature = "split"))]
    let draw = export_loaded();
    draw
}

#[cfg_attr(feature = "split", wasm_split(files, fallible))]
fn export_loaded() -> Result<DrawExport, SplitLoaderError> {
    Ok(|props| html! { <Export ..props.clone() /> })
}

//! The sections whose code is loaded later, because they are below everything that a person sees first. What draws them is a function
//! in a part of the program.

use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;

use crate::components::export::{Export, Props as ExportProps};
use crate::components::many_rounds::{ManyRounds, Props as ManyRoundsProps};
use crate::hooks::use_section;
use crate::split::split_point;

/// A function that draws a section.
type Draw<P> = fn(&P) -> Html;

/// Many rounds, in the part for [`distributions`](crate::distributions).
#[component]
pub fn LaterManyRounds(props: &ManyRoundsProps) -> Html {
    use_section(true, load_many_rounds).draw(|draw| draw(props))
}

split_point!(
    rounds,
    async fn load_many_rounds() -> Result<Draw<ManyRoundsProps>, SplitLoaderError> {
        Ok(|props| html! { <ManyRounds ..props.clone() /> })
    }
);

/// Export and import, in the part for [`files`](crate::files).
#[component]
pub fn LaterExport(props: &ExportProps) -> Html {
    use_section(true, load_export).draw(|draw| draw(props))
}

split_point!(
    files,
    async fn load_export() -> Result<Draw<ExportProps>, SplitLoaderError> {
        Ok(|props| html! { <Export ..props.clone() /> })
    }
);

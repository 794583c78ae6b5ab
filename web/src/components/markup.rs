//! A drawing from `charts`, put into the page as it is.

use yew::prelude::*;

/// SVG text.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What `charts` returned: its texts are escaped there.
    pub svg: AttrValue,
}

/// Puts a drawing into the page.
#[component]
pub fn Markup(props: &Props) -> Html {
    Html::from_html_unchecked(props.svg.clone())
}

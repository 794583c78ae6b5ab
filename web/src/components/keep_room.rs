//! A box that keeps its height while its contents are being replaced, so that what is below it does not jump.

use js_sys::Reflect;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Whether the contents are complete. While they are not, the box stays at least as high as it was before.
    pub is_settled: bool,
    pub children: Html,
}

/// The box. A browser does not translate what is in it: translators replace text, which then would not change any more.
#[component]
pub fn KeepRoom(Props { is_settled, children }: &Props) -> Html {
    let place = use_node_ref();
    // The children render after this component, so here the element still has the height of before. An effect would be too late:
    // the browser may have drawn the new children by then.
    if !is_settled && let Some(element) = place.cast::<HtmlElement>() {
        set_min_height(&element, &format!("{}px", element.offset_height()));
    }
    {
        let place = place.clone();
        use_effect_with(*is_settled, move |is_settled| {
            if *is_settled && let Some(element) = place.cast::<HtmlElement>() {
                set_min_height(&element, "");
            }
        });
    }
    html! { <div class="keep-room" translate="no" ref={place}>{ children.clone() }</div> }
}

/// Sets the minimum height of an element. The page's policy forbids style attributes, but not this.
fn set_min_height(element: &HtmlElement, height: &str) {
    // If it fails, things jump, and nothing else is wrong.
    if let Ok(style) = Reflect::get(element, &"style".into()) {
        let _ = Reflect::set(&style, &"minHeight".into(), &height.into());
    }
}

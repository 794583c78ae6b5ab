//! Clears everything that the page keeps, after it has asked whether that is meant.

use yew::prelude::*;

use crate::focus;
use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Why nothing can be cleared now, if nothing can.
    pub busy: Option<&'static str>,
    /// Clears everything.
    pub clear: Callback<()>,
}

/// The button; pressed, it becomes the question.
#[component]
pub fn ClearEverything(Props { busy, clear }: &Props) -> Html {
    mark_render("ClearEverything");
    let is_asking = use_state_eq(|| false);
    let was_asking = use_mut_ref(|| false);
    // The button that was pressed is gone after each change, and the focus with it.
    use_effect_with(*is_asking, move |is_asking| match (was_asking.replace(*is_asking), *is_asking) {
        (false, true) => focus::move_to("keep"),
        (true, false) => focus::move_to("clear"),
        _ => {}
    });
    let set = |value: bool| {
        let setter = is_asking.setter();
        Callback::from(move |_: MouseEvent| setter.set(value))
    };
    if !*is_asking || busy.is_some() {
        let on_click = if busy.is_some() { Callback::noop() } else { set(true) };
        return html! {
            <p>
                <button id="clear" type="button" aria-disabled={busy.is_some().to_string()} aria-description={*busy} onclick={on_click}>
                    { "Clear everything…" }
                </button>
            </p>
        };
    }
    let on_clear = clear.reform(|_: MouseEvent| focus::move_to("ask"));
    html! {
        <div class="confirmation" role="group" aria-labelledby="clear-question">
            <p id="clear-question">
                { "Remove every run, race, series and report from this page and from the browser’s storage, including earlier visits? \
                   Only files that you have saved remain." }
            </p>
            <div class="controls">
                <button id="keep" type="button" onclick={set(false)}>{ "Keep everything" }</button>
                <button id="clear-now" type="button" onclick={on_clear}>{ "Remove everything" }</button>
            </div>
        </div>
    }
}

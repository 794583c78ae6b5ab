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
    let can_ask = busy.is_none();
    let on_ask =
        use_callback((can_ask, is_asking.setter()), |_: MouseEvent, (can_ask, is_asking)| is_asking.set(*can_ask));
    let on_keep = use_callback(is_asking.setter(), |_: MouseEvent, is_asking| is_asking.set(false));
    let on_clear = use_callback(clear.clone(), |_: MouseEvent, clear| {
        focus::move_to("ask");
        clear.emit(());
    });
    if !*is_asking || !can_ask {
        return html! {
            <p>
                <button id="clear" type="button" aria-disabled={busy.is_some().to_string()} aria-description={*busy} onclick={on_ask}>
                    { "Clear everything…" }
                </button>
            </p>
        };
    }
    html! {
        <div class="confirmation" role="group" aria-labelledby="clear-question">
            <p id="clear-question">
                { "Remove all runs, races, series and reports, including those of earlier visits, from this page and the browser’s storage? \
                   Only files that you have saved remain." }
            </p>
            <div class="controls">
                <button id="keep" type="button" onclick={on_keep}>{ "Keep everything" }</button>
                <button id="clear-now" type="button" onclick={on_clear}>{ "Remove everything" }</button>
            </div>
        </div>
    }
}

//! A question of one's own.

use launcelot_protocol::Question;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::focus;
use crate::render_mark::mark_render;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Why a question cannot be asked now; `None` if it can.
    pub busy: Option<&'static str>,
    /// Asks questions.
    pub ask: Callback<Vec<Question>>,
}

/// A field and a button. Below them stands why a text is not a question.
#[component]
pub fn OwnQuestion(Props { busy, ask }: &Props) -> Html {
    mark_render("OwnQuestion");
    let input = use_node_ref();
    let mistake = use_state_eq(|| None::<String>);
    let on_submit = {
        let mistake = mistake.setter();
        use_callback((input.clone(), ask.clone()), move |event: SubmitEvent, (input, ask)| {
            event.prevent_default();
            let text = input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            match Question::new(&text) {
                Ok(question) => {
                    mistake.set(None);
                    ask.emit(vec![question]);
                    focus::bring_into_sight("dialogue");
                }
                Err(why) => mistake.set(Some(format!("Not asked: {why}."))),
            }
        })
    };
    let is_mistaken = mistake.is_some();
    html! {
        <form class="own-question" onsubmit={on_submit} novalidate=true>
            <label for="own">{ "Or ask a question of your own" }</label>
            <div class="field">
                <input id="own" ref={input} type="text" autocomplete="off" spellcheck="true" placeholder="What is your favorite color?"
                    aria-invalid={is_mistaken.to_string()} aria-describedby="own-mistake" />
                <button id="ask-own" type="submit" aria-disabled={busy.is_some().to_string()} aria-description={*busy}>
                    { "Ask it" }
                </button>
            </div>
            <p id="own-mistake" class="mistake" role="alert" translate="no">{ mistake.as_deref().unwrap_or_default() }</p>
        </form>
    }
}

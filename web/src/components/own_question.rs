//! A question of one's own.

use launcelot_protocol::Question;
use launcelot_protocol::exchange::QUESTION_MAX_BYTES;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::hooks::Asker;

/// What it acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// A field and a button; what is no question is said to be none, and why.
#[component]
pub fn OwnQuestion(props: &Props) -> Html {
    let input = use_node_ref();
    let mistake = use_state(|| None::<String>);
    let on_submit = {
        let (asker, input, mistake) = (props.asker.clone(), input.clone(), mistake.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let text = input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            match Question::new(&text) {
                Ok(question) => {
                    mistake.set(None);
                    asker.ask(vec![question]);
                }
                Err(why) => mistake.set(Some(format!("Not asked: {why}."))),
            }
        })
    };
    let is_mistaken = mistake.is_some();
    html! {
        <form class="own-question" onsubmit={on_submit} novalidate=true>
            <label for="own">{ "Or a question of your own" }</label>
            <div class="field">
                <input id="own" ref={input} type="text" autocomplete="off" spellcheck="true"
                    maxlength={QUESTION_MAX_BYTES.to_string()} placeholder="What is your favorite color?"
                    aria-invalid={is_mistaken.to_string()} aria-describedby="own-mistake" />
                <button id="ask-own" type="submit" aria-disabled={(!props.asker.is_ready()).to_string()}>{ "Ask it" }</button>
            </div>
            <p id="own-mistake" class="mistake" role="alert">{ mistake.as_deref().unwrap_or_default() }</p>
        </form>
    }
}

//! The button that asks, and the order in which it asks.

use launcelot_measure::Order;
use launcelot_protocol::Question;
use yew::prelude::*;

use crate::hooks::Asker;
use crate::state::Action;

/// What it acts on.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Who asks.
    pub asker: Asker,
}

/// The controls above the table.
#[component]
pub fn Controls(props: &Props) -> Html {
    let asker = &props.asker;
    let on_ask = {
        let asker = asker.clone();
        Callback::from(move |_: MouseEvent| asker.ask(Question::the_three()))
    };
    // A button that is disabled would lose the keyboard's focus in the middle of a run.
    let ready = asker.is_ready();
    html! {
        <div class="controls">
            <button id="ask" type="button" class="primary" aria-disabled={(!ready).to_string()} onclick={on_ask}>
                { "Ask the three questions" }
            </button>
            <fieldset class="choice">
                <legend>{ "Ask them" }</legend>
                { order_choice(asker, Order::OneAtATime, "one-at-a-time", "one at a time") }
                { order_choice(asker, Order::SentAhead, "sent-ahead", "sent ahead") }
            </fieldset>
        </div>
    }
}

fn order_choice(asker: &Asker, order: Order, id: &'static str, label: &'static str) -> Html {
    let on_choose = {
        let asker = asker.clone();
        Callback::from(move |_: Event| asker.dispatch(Action::OrderChosen(order)))
    };
    html! {
        <label for={id}>
            <input type="radio" name="order" {id} checked={asker.state().order == order} onchange={on_choose} />
            { label }
        </label>
    }
}

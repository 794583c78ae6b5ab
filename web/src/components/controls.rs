//! The button that asks, and the order in which it asks.

use launcelot_measure::Order;
use launcelot_protocol::Question;
use yew::prelude::*;

use crate::components::radio::Radio;
use crate::render_mark::mark_render;

/// The orders, each with the identity of its choice and its label.
const ORDERS: [(Order, &str, &str); 2] = [
    (Order::OneAtATime, "one-at-a-time", "one at a time"),
    (Order::SentAhead, "sent-ahead", "sent ahead (pipelining)"),
];

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Why a question cannot be asked now; `None` if it can.
    pub busy: Option<&'static str>,
    /// The chosen order.
    pub order: Order,
    /// Asks questions.
    pub ask: Callback<Vec<Question>>,
    /// Chooses an order.
    pub choose_order: Callback<Order>,
}

/// The controls above the table.
#[component]
pub fn Controls(Props { busy, order, ask, choose_order }: &Props) -> Html {
    mark_render("Controls");
    let on_ask = use_callback(ask.clone(), |_: MouseEvent, ask| ask.emit(Question::the_three()));
    // A button that is disabled would lose the keyboard's focus in the middle of a run.
    html! {
        <div class="controls">
            <button id="ask" type="button" class="primary" aria-disabled={busy.is_some().to_string()} aria-description={*busy}
                onclick={on_ask}>
                { "Ask the three questions" }
            </button>
            <fieldset class="choice">
                <legend>{ "Order" }</legend>
                for (value, id, label) in ORDERS {
                    <Radio<Order> group="order" {id} {label} {value} is_chosen={value == *order} choose={choose_order.clone()} />
                }
            </fieldset>
        </div>
    }
}

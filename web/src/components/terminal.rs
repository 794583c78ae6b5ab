//! The command that asks the same questions in a terminal.

use launcelot_measure::Order;
use yew::prelude::*;

use crate::render_mark::mark_render;

/// The port at which a server listens by default.
const SERVER_PORT: u16 = 1060;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The port of the tunnel or of the server, whichever the chosen path leads to; `None` without a lab.
    pub port: Option<u16>,
    /// The chosen order.
    pub order: Order,
}

/// A line with the command, which one click selects.
#[component]
pub fn Terminal(Props { port, order }: &Props) -> Html {
    mark_render("Terminal");
    let pipelined = match order {
        Order::OneAtATime => "",
        Order::SentAhead => " --pipelined",
    };
    let command = format!("launcelot-client localhost {} --timing{pipelined}", port.unwrap_or(SERVER_PORT));
    html! { <p id="terminal" class="small">{ "The same in a terminal: " }<code translate="no">{ command }</code></p> }
}

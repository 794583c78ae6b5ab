//! The command that asks the same questions in a terminal.

use launcelot_measure::Order;
use yew::prelude::*;

use crate::render_mark::mark_render;

/// The port at which a server listens by default.
const SERVER_PORT: u16 = 1060;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The URL of the bridge on the chosen path.
    pub url: String,
    /// The port of the tunnel or of the server, whichever the chosen path leads to; `None` without a lab.
    pub port: Option<u16>,
    /// The chosen order.
    pub order: Order,
}

/// A line with the command, which one click selects. Nothing where no command is known to work.
#[component]
pub fn Terminal(Props { url, port, order }: &Props) -> Html {
    mark_render("Terminal");
    let Some((target, assumption)) = target(url, *port) else { return Html::default() };
    let pipelined = match order {
        Order::OneAtATime => "",
        Order::SentAhead => " --pipelined",
    };
    let command = ["launcelot-client ", &target, " --timing", pipelined].concat();
    html! {
        <p id="terminal" class="small">
            { "The same in a terminal: " }<code translate="no">{ command }</code>{ assumption }
        </p>
    }
}

/// Returns what the native client can ask on the path of a bridge, and what is assumed with that.
///
/// On another host than this one that is the bridge: a lab's server listens at localhost, and the server behind another bridge may be
/// anywhere. The native client has no TLS.
fn target(url: &str, port: Option<u16>) -> Option<(String, &'static str)> {
    let is_here = ["//localhost", "//127.", "//[::1]"].iter().any(|host| url.contains(host));
    if !is_here {
        return url.starts_with("ws:").then(|| (url.to_owned(), ""));
    }
    let assumption = if port.is_none() { ", if the server is at its default port." } else { "" };
    Some((["localhost ", &port.unwrap_or(SERVER_PORT).to_string()].concat(), assumption))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_host_of_the_page_and_says_what_it_assumes() {
        let default = ", if the server is at its default port.";
        let cases = [
            (("ws://localhost:8080/ws", Some(1061)), Some(("localhost 1061", ""))),
            (("ws://127.0.0.1:8080/ws", None), Some(("localhost 1060", default))),
            (("ws://[::1]/ws/tunnel", Some(1061)), Some(("localhost 1061", ""))),
            (("ws://lab.example:8080/ws/tunnel", Some(1061)), Some(("ws://lab.example:8080/ws/tunnel", ""))),
            (("ws://192.0.2.1/ws", None), Some(("ws://192.0.2.1/ws", ""))),
            (("wss://lab.example/ws", None), None),
        ];
        for ((url, port), expected) in cases {
            let expected = expected.map(|(target, assumption)| (target.to_owned(), assumption));
            assert_eq!(target(url, port), expected, "{url}");
        }
    }
}

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

/// A line with the command, which one click selects.
#[component]
pub fn Terminal(Props { url, port, order }: &Props) -> Html {
    mark_render("Terminal");
    let pipelined = match order {
        Order::OneAtATime => "",
        Order::SentAhead => " --pipelined",
    };
    let (target, assumption) = target(url, *port);
    let command = ["launcelot-client ", &target, " --timing", pipelined].concat();
    html! {
        <p id="terminal" class="small">
            { "The same in a terminal: " }<code translate="no">{ command }</code>{ assumption }
        </p>
    }
}

/// Returns what the native client can ask on the path of a bridge, and what is assumed with that.
///
/// On another host than this one the bridge itself is named: a lab's server listens at localhost, and the server behind another bridge
/// may be anywhere. The native client has no TLS.
fn target(url: &str, port: Option<u16>) -> (String, &'static str) {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split_once('/').map_or(rest, |(authority, _)| host(authority));
    let is_here = host == "localhost" || host == "::1" || host.starts_with("127.");
    if scheme == "ws" && !is_here {
        return (url.to_owned(), "");
    }
    let (host, assumption) = match port {
        Some(_) if is_here => ("localhost", ""),
        Some(_) => ("localhost", ", on the host of the lab."),
        None if is_here => ("localhost", ", if the server is at its default port."),
        None => (host, ", if the server is on that host, at its default port."),
    };
    ([host, " ", &port.unwrap_or(SERVER_PORT).to_string()].concat(), assumption)
}

/// Returns the host of an authority, an IPv6 address without its brackets.
fn host(authority: &str) -> &str {
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let host = port.map_or(authority, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_host_of_the_page_and_says_what_it_assumes() {
        let cases = [
            (("ws://localhost:8080/ws", Some(1061)), "localhost 1061", ""),
            (("ws://127.0.0.1:8080/ws", None), "localhost 1060", ", if the server is at its default port."),
            (("ws://[::1]/ws/tunnel", Some(1061)), "localhost 1061", ""),
            (("ws://lab.example:8080/ws/tunnel", Some(1061)), "ws://lab.example:8080/ws/tunnel", ""),
            (("ws://192.0.2.1/ws", None), "ws://192.0.2.1/ws", ""),
            (("wss://lab.example/ws", Some(1060)), "localhost 1060", ", on the host of the lab."),
            (
                ("wss://[2001:db8::1]:8443/ws", None),
                "2001:db8::1 1060",
                ", if the server is on that host, at its default port.",
            ),
        ];
        for ((url, port), expected, assumption) in cases {
            assert_eq!(target(url, port), (expected.to_owned(), assumption), "{url}");
        }
    }
}

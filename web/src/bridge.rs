//! Where the bridge is.

/// The port of `trunk serve`, as `Trunk.toml` sets it. A page from there does not talk through
/// trunk's development proxy, which adds hops of its own: it talks to the bridge directly.
const TRUNK_PORT: &str = "8000";

/// The bridge's port by default.
const BRIDGE_PORT: &str = "8080";

/// What the browser says about the page's own address (see `Location` in web-sys).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// `http:` or `https:`
    pub protocol: &'a str,
    /// The host, an IPv6 address with its brackets.
    pub hostname: &'a str,
    /// The port; empty for the protocol's own.
    pub port: &'a str,
    /// From the `?` on; may be empty.
    pub search: &'a str,
}

/// The WebSocket URL of the bridge, for a page at `page`.
///
/// A page that the bridge served talks to where it came from; one from `trunk serve`, to port 8080
/// of the same host. `?bridge=PORT` in the page's address names another port of that host, and
/// nothing else: a link must not be able to send a person's questions elsewhere.
pub fn url(page: Address<'_>) -> String {
    let scheme = if page.protocol == "https:" { "wss" } else { "ws" };
    let port = match named_port(page.search) {
        Some(port) => port.to_string(),
        None if page.port == TRUNK_PORT => BRIDGE_PORT.to_owned(),
        None => page.port.to_owned(),
    };
    let colon = if port.is_empty() { "" } else { ":" };
    format!("{scheme}://{}{colon}{port}/ws", page.hostname)
}

fn named_port(search: &str) -> Option<u16> {
    let parameters = search.trim_start_matches('?').split('&');
    parameters.filter_map(|parameter| parameter.strip_prefix("bridge=")).find_map(|port| port.parse().ok())
}

/// The same for the page that runs now.
pub fn url_of_this_page() -> String {
    let Some(location) = web_sys::window().map(|window| window.location()) else {
        return String::new();
    };
    let part = |value: Result<String, wasm_bindgen::JsValue>| value.unwrap_or_default();
    url(Address {
        protocol: &part(location.protocol()),
        hostname: &part(location.hostname()),
        port: &part(location.port()),
        search: &part(location.search()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_s_own_address_says_where_the_bridge_is() {
        let cases = [
            (("http:", "localhost", "8080", ""), "ws://localhost:8080/ws"),
            (("http:", "localhost", "9090", ""), "ws://localhost:9090/ws"),
            (("http:", "[::1]", "8000", ""), "ws://[::1]:8080/ws"),
            (("http:", "localhost", "8000", "?bridge=9090"), "ws://localhost:9090/ws"),
            (("http:", "localhost", "8000", "?a=b&bridge=9090&c"), "ws://localhost:9090/ws"),
            (("http:", "localhost", "8000", "?bridge=evil.example:80"), "ws://localhost:8080/ws"),
            (("https:", "lab.example", "", ""), "wss://lab.example/ws"),
        ];
        for ((protocol, hostname, port, search), expected) in cases {
            assert_eq!(url(Address { protocol, hostname, port, search }), expected);
        }
    }
}

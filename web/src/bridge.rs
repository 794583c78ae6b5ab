//! Where the bridge is, and which ways lead through it.

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
    /// The path, with a `/` at its begin.
    pub path: &'a str,
    /// From the `?` on; may be empty.
    pub search: &'a str,
}

/// The way from the bridge to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Route {
    /// Direct, over the link that there is.
    #[default]
    Straight,
    /// Through the lab's tunnel, which emulates a longer link.
    Tunnel,
}

impl Route {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Straight, Self::Tunnel];

    /// The route to which such a URL leads.
    pub fn of(url: &str) -> Self {
        let path = url.split('?').next().unwrap_or_default();
        if path.ends_with(Self::Tunnel.path()) { Self::Tunnel } else { Self::Straight }
    }

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Straight => "direct",
            Self::Tunnel => "through the tunnel",
        }
    }

    /// Where the bridge has its WebSocket.
    fn path(self) -> &'static str {
        match self {
            Self::Straight => "/ws",
            Self::Tunnel => "/ws/tunnel",
        }
    }
}

/// Where the bridge's `path` is, for a page at `page`; `scheme` is `ws` or `http`.
///
/// A page that the bridge served talks to where it came from, in the folder in which the page lies: a reverse proxy may
/// show the bridge under a path. A page from `trunk serve` talks to port 8080 of the same host. `?bridge=PORT` in the page's address names another port of that host, and
/// nothing else: a link must not be able to send a person's questions elsewhere.
fn at(page: Address<'_>, scheme: &str, path: &str) -> String {
    let secure = if page.protocol == "https:" { "s" } else { "" };
    let (port, folder) = match named_port(page.search) {
        Some(port) => (port.to_string(), ""),
        None if page.port == TRUNK_PORT => (BRIDGE_PORT.to_owned(), ""),
        None => (page.port.to_owned(), folder(page.path)),
    };
    let colon = if port.is_empty() { "" } else { ":" };
    format!("{scheme}{secure}://{}{colon}{port}{folder}{path}", page.hostname)
}

/// The path of the folder of a file, without the `/` at its end.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The WebSocket URL of a route, for a page at `page`.
pub fn url(page: Address<'_>, route: Route) -> String {
    at(page, "ws", route.path())
}

/// The URL of the lab's `/api`, for a page at `page`: the lab is where the bridge is.
pub fn lab(page: Address<'_>) -> String {
    at(page, "http", "/api")
}

fn named_port(search: &str) -> Option<u16> {
    let parameters = search.trim_start_matches('?').split('&');
    parameters.filter_map(|parameter| parameter.strip_prefix("bridge=")).find_map(|port| port.parse().ok())
}

/// The bridge of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bridge {
    /// The URLs of its WebSockets.
    straight: String,
    tunnel: String,
    /// Whether it did not serve the page.
    is_elsewhere: bool,
}

impl Bridge {
    /// Returns the URLs for the page that runs now.
    pub fn of_this_page() -> Self {
        of_this_page(|page| Self {
            straight: url(page, Route::Straight),
            tunnel: url(page, Route::Tunnel),
            is_elsewhere: page.port == TRUNK_PORT || named_port(page.search).is_some(),
        })
    }

    /// Whether it did not serve the page: the page's address may name another one then.
    pub fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Returns the URL of a route.
    pub fn url(&self, route: Route) -> &str {
        match route {
            Route::Straight => &self.straight,
            Route::Tunnel => &self.tunnel,
        }
    }

    #[cfg(test)]
    pub(crate) fn at(origin: &str) -> Self {
        let url_of = |route: Route| format!("{origin}{}", route.path());
        Self { straight: url_of(Route::Straight), tunnel: url_of(Route::Tunnel), ..Self::default() }
    }
}

/// The URL of the lab's `/api`, for the page that runs now.
pub fn lab_of_this_page() -> String {
    of_this_page(lab)
}

fn of_this_page<T: Default>(derive: impl FnOnce(Address<'_>) -> T) -> T {
    let Some(location) = web_sys::window().map(|window| window.location()) else {
        return T::default();
    };
    let part = |value: Result<String, wasm_bindgen::JsValue>| value.unwrap_or_default();
    derive(Address {
        protocol: &part(location.protocol()),
        hostname: &part(location.hostname()),
        port: &part(location.port()),
        path: &part(location.pathname()),
        search: &part(location.search()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_s_own_address_says_where_the_bridge_is() {
        let cases = [
            (("http:", "localhost", "8080", "/", ""), "ws://localhost:8080/ws"),
            (("http:", "localhost", "9090", "/index.html", ""), "ws://localhost:9090/ws"),
            (("http:", "[::1]", "8000", "/", ""), "ws://[::1]:8080/ws"),
            (("http:", "localhost", "8000", "/", "?bridge=9090"), "ws://localhost:9090/ws"),
            (("http:", "localhost", "8000", "/", "?a=b&bridge=9090&c"), "ws://localhost:9090/ws"),
            (("http:", "localhost", "8000", "/", "?bridge=evil.example:80"), "ws://localhost:8080/ws"),
            (("https:", "lab.example", "", "/", ""), "wss://lab.example/ws"),
            (("https:", "lab.example", "", "/launcelot/", ""), "wss://lab.example/launcelot/ws"),
            (("https:", "lab.example", "", "/a/b/index.html", ""), "wss://lab.example/a/b/ws"),
            (("http:", "localhost", "80", "/launcelot/", "?bridge=9090"), "ws://localhost:9090/ws"),
        ];
        for ((protocol, hostname, port, path, search), expected) in cases {
            assert_eq!(url(Address { protocol, hostname, port, path, search }, Route::Straight), expected);
        }
    }

    #[test]
    fn the_tunnel_and_the_lab_are_where_the_bridge_is() {
        let page = Address { protocol: "https:", hostname: "[::1]", port: "8000", path: "/", search: "?bridge=9090" };
        assert_eq!(url(page, Route::Tunnel), "wss://[::1]:9090/ws/tunnel");
        assert_eq!(Route::ALL.map(|route| Route::of(&url(page, route))), Route::ALL);
        assert_eq!(Route::of("ws://b/ws/tunnel?dialogue=me"), Route::Tunnel);
        assert_eq!(lab(page), "https://[::1]:9090/api");
        let below = Address { path: "/launcelot/", search: "", port: "", ..page };
        assert_eq!(lab(below), "https://[::1]/launcelot/api");
    }
}

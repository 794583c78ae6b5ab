//! Which pages may use the bridge: the rules for `Host` and `Origin`.
//!
//! Every page in a browser on this machine can send requests to the bridge. Two rules keep foreign pages out. By `Origin`,
//! which a page cannot forge, only the bridge's own pages and those of this machine may open a WebSocket. By `Host`, the
//! bridge answers only to `localhost`, addresses of this machine and allowed names. Otherwise a foreign page could resolve its own name to
//! 127.0.0.1 and would have the same origin as the bridge (DNS rebinding).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;
use thiserror::Error;

/// The origin of a page, such as `http://localhost:8000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    /// In lower case; IPv6 in brackets.
    host: String,
    port: u16,
}

/// A string is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected http://HOST[:PORT] or https://HOST[:PORT], without a path")]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(OriginError),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest)).ok_or(OriginError)?;
        Ok(Self { secure, host, port: port.unwrap_or(default_port(secure)) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == default_port(self.secure) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl Origin {
    /// Whether this is the bridge's own origin when its `Host` header is `host`.
    fn is_of(&self, host: &str) -> bool {
        host_and_port(host)
            .is_some_and(|(host, port)| host == self.host && port.unwrap_or(default_port(self.secure)) == self.port)
    }
}

/// How a request names the bridge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addressed<'a> {
    /// The `Host` header.
    pub(crate) host: &'a str,
    /// Whether it came through a reverse proxy, which may have replaced the host by an address of this machine.
    pub(crate) is_proxied: bool,
    /// Whether the client uses TLS, if that is known.
    pub(crate) is_secure: Option<bool>,
}

/// Whether the bridge answers a request with this `Host` header: `localhost`, an address of this machine, or the host of an
/// allowed origin; with `ip_hosts`, every address.
pub fn host_may_be_used(host: &str, allowed: &[Origin], ip_hosts: bool) -> bool {
    host_and_port(host).is_some_and(|(name, _)| {
        is_loopback(&name) || (ip_hosts && address(&name).is_some()) || allowed.iter().any(|origin| origin.host == name)
    })
}

/// Whether a request with these `Origin` and `Host` headers may open a WebSocket.
pub fn origin_may_connect(origin: &str, host: &str, allowed: &[Origin]) -> bool {
    origin_is_allowed(origin, &Addressed { host, is_proxied: false, is_secure: None }, allowed)
}

/// Whether a page of `origin` may open a WebSocket: an allowed one, the bridge's own, and one of this machine if the request
/// is addressed to this machine. To everybody else, `localhost` is a machine of theirs.
pub(crate) fn origin_is_allowed(origin: &str, addressed: &Addressed<'_>, allowed: &[Origin]) -> bool {
    let Ok(origin) = origin.parse::<Origin>() else { return false };
    let is_own = origin.is_of(addressed.host) && addressed.is_secure.is_none_or(|secure| secure == origin.secure);
    let is_to_this_machine =
        !addressed.is_proxied && host_and_port(addressed.host).is_some_and(|(name, _)| is_loopback(&name));
    allowed.contains(&origin) || is_own || (is_to_this_machine && is_loopback(&origin.host))
}

/// Whether a host, in lower case, is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|address| address.is_loopback())
}

/// The parts of a `Host` header, the name in lower case. `None` if the header is malformed.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let digits = text.strip_prefix(authority.host())?;
    let port = match digits.strip_prefix(':') {
        Some(digits) => Some(digits.parse().ok()?),
        None if digits.is_empty() => None,
        None => return None,
    };
    (!authority.host().is_empty()).then(|| (authority.host().to_ascii_lowercase(), port))
}

fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => host.parse().ok().map(IpAddr::V4),
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Vec<Origin> {
        ["https://camelot.example", "http://lab.example:8000"].map(|text| text.parse().unwrap()).into()
    }

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        let same = [("HTTPS://Camelot.example:443/", "https://camelot.example"), ("http://[::1]:80", "http://[::1]")];
        for (text, expected) in same {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), expected);
        }
        for none in ["", "null", "camelot.example", "ftp://a", "http://a/b", "http://", "http://u@a", "http://a:x"] {
            assert_eq!(none.parse::<Origin>(), Err(OriginError), "{none:?}");
        }
    }

    #[test]
    fn the_bridge_answers_only_to_this_machine_and_allowed_hosts() {
        let cases = [
            ("localhost", true),
            ("localhost:8080", true),
            ("LOCALHOST:8080", true),
            ("127.0.0.1:8080", true),
            ("192.0.2.7", false),
            ("[::1]:8080", true),
            ("[2001:db8::1]", false),
            ("camelot.example", true),
            ("camelot.example:8080", true),
            ("lab.example", true),
            ("evil.example", false),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("a.localhost", false),
            ("127.0.0.1.evil.example", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("localhost:", false),
            ("localhost:x", false),
            ("::1", false),
            ("[::1", false),
            ("local host", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(host_may_be_used(host, &allowed(), false), expected, "{host:?}");
        }
        for host in ["192.0.2.7", "192.0.2.7:8080", "[2001:db8::1]"] {
            assert!(host_may_be_used(host, &[], true), "{host:?}");
        }
        assert!(!host_may_be_used("evil.example", &[], true));
    }

    #[test]
    fn pages_of_this_machine_may_connect_only_where_the_bridge_is_addressed_as_this_machine() {
        let cases = [("localhost:8080", false, true), ("[::1]:8080", false, true), ("localhost:8080", true, false)];
        for (host, is_proxied, expected) in cases {
            let addressed = Addressed { host, is_proxied, is_secure: None };
            assert_eq!(origin_is_allowed("http://localhost:8000", &addressed, &[]), expected, "{addressed:?}");
        }
        for host in ["camelot.example", "192.0.2.7:8080"] {
            let addressed = Addressed { host, is_proxied: false, is_secure: None };
            assert!(!origin_is_allowed("http://localhost:8000", &addressed, &[]), "{host}");
        }
    }

    #[test]
    fn behind_a_proxy_the_own_origin_has_the_scheme_that_the_client_uses() {
        for (is_secure, origin, expected) in [
            (Some(true), "https://camelot.example", true),
            (Some(true), "http://camelot.example", false),
            (Some(false), "http://camelot.example", true),
            (Some(false), "https://camelot.example", false),
            (None, "https://camelot.example", true),
        ] {
            let addressed = Addressed { host: "camelot.example", is_proxied: true, is_secure };
            assert_eq!(origin_is_allowed(origin, &addressed, &[]), expected, "{origin} {is_secure:?}");
        }
    }

    #[test]
    fn only_pages_of_the_bridge_of_this_machine_and_of_allowed_origins_may_connect() {
        let cases = [
            ("http://localhost:8080", "localhost:8080", true),
            ("http://localhost:8000", "localhost:8080", true),
            ("https://localhost", "localhost:8080", true),
            ("http://127.0.0.1:3000", "localhost:8080", true),
            ("http://127.1.2.3", "localhost:8080", true),
            ("http://[::1]:8000", "localhost:8080", true),
            ("http://192.0.2.7:8080", "192.0.2.7:8080", true),
            ("http://192.0.2.7", "192.0.2.7", true),
            ("https://192.0.2.7", "192.0.2.7:443", true),
            ("https://camelot.example", "localhost:8080", true),
            ("http://lab.example:8000", "localhost:8080", true),
            ("http://camelot.example", "localhost:8080", false),
            ("http://lab.example", "localhost:8080", false),
            ("http://192.0.2.7:8081", "192.0.2.7:8080", false),
            ("http://192.0.2.8:8080", "192.0.2.7:8080", false),
            ("http://evil.example", "localhost:8080", false),
            ("http://localhost.evil.example", "localhost:8080", false),
            ("http://a.localhost", "localhost:8080", false),
            ("http://127.0.0.1.evil.example", "localhost:8080", false),
            ("null", "localhost:8080", false),
            ("", "localhost:8080", false),
            ("file://", "localhost:8080", false),
            ("chrome-extension://localhost", "localhost:8080", false),
        ];
        for (origin, host, expected) in cases {
            assert_eq!(origin_may_connect(origin, host, &allowed()), expected, "{origin:?} to {host:?}");
        }
    }
}

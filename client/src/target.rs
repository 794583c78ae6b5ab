//! The target of a dialogue, parsed from the command line.

use std::fmt;

use launcelot_endpoint::address::split_host_port;
use launcelot_protocol::PORT;
use thiserror::Error;

/// A server, or a bridge to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A server that speaks the protocol over TCP.
    Tcp {
        /// A name or an address, an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A bridge that carries the protocol over WebSocket.
    WebSocket {
        /// The whole URL, as it was typed.
        url: String,
        /// The name of the dialogue for a lab's recorder; `None` if the URL contains one, or if none is needed.
        dialogue: Option<String>,
        /// The host name, or an address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

/// Why a string is not a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The scheme of the URL is neither `ws` nor `wss`.
    #[error("'{0}' is neither a host name nor a ws:// URL")]
    Scheme(String),
    /// TLS is not supported.
    #[error("wss:// needs TLS, which this client does not support; use ws://")]
    Tls,
    /// The URL has no host or contains a user name, or its port is not a port number.
    #[error("'{0}' is not a URL of the form ws://HOST:PORT/PATH")]
    Url(String),
    /// The URL has a fragment.
    #[error("'{0}' has a fragment ('#'), which a WebSocket URL must not have")]
    Fragment(String),
    /// A port was given in addition to a URL.
    #[error("the port of a ws:// URL is part of it: ws://HOST:PORT/PATH")]
    PortTwice,
    /// The text is not a host name.
    #[error("'{0}' is not a host name; give the port as a second argument, as in 'localhost 1060'")]
    Host(String),
}

impl Target {
    /// Parses `HOST`, with `port` or the default port, or `ws://HOST:PORT/PATH`.
    ///
    /// # Errors
    ///
    /// See [`TargetError`].
    pub fn parse(text: &str, port: Option<u16>) -> Result<Self, TargetError> {
        match text.split_once("://") {
            None => {
                let host = text.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(text);
                if host.is_empty() || host.contains(['/', ' ', '[', ']']) || host.matches(':').count() == 1 {
                    return Err(TargetError::Host(text.to_owned()));
                }
                Ok(Self::Tcp { host: host.to_owned(), port: port.unwrap_or(PORT) })
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("wss") => Err(TargetError::Tls),
            Some((scheme, _)) if !scheme.eq_ignore_ascii_case("ws") => Err(TargetError::Scheme(text.to_owned())),
            Some(_) if port.is_some() => Err(TargetError::PortTwice),
            // RFC 6455, section 3.
            Some(_) if text.contains('#') => Err(TargetError::Fragment(text.to_owned())),
            Some((_, rest)) => {
                let authority = rest.split(['/', '?']).next().unwrap_or_default();
                match split_host_port(authority) {
                    Some((host, port)) if !host.contains('@') => {
                        let url = text.to_owned();
                        let host = host.to_owned();
                        let port = port.unwrap_or(80);
                        Ok(Self::WebSocket { url, dialogue: None, host, port })
                    }
                    _ => Err(TargetError::Url(text.to_owned())),
                }
            }
        }
    }

    /// Adds `name` to the URL of a bridge, for a lab's recorder. Returns the target and the name of the dialogue, which
    /// is the one that the URL already contains, if any. A TCP target stays unchanged.
    pub fn with_dialogue_name(mut self, name: String) -> (Self, String) {
        if let Self::WebSocket { url, dialogue, .. } = &mut self {
            let query = url.split_once('?').map(|(_, query)| query);
            let given = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("dialogue=")));
            if let Some(given) = given.map(str::to_owned) {
                return (self, given);
            }
            *dialogue = Some(name.clone());
        }
        (self, name)
    }

    /// Returns the URL of the WebSocket, including the name of the dialogue as a query parameter; `None` for TCP.
    pub fn url(&self) -> Option<String> {
        let Self::WebSocket { url, dialogue, .. } = self else { return None };
        let sign = if url.contains('?') { '&' } else { '?' };
        Some(dialogue.as_ref().map_or_else(|| url.clone(), |name| format!("{url}{sign}dialogue={name}")))
    }

    /// Returns the host to connect to.
    pub fn host(&self) -> &str {
        match self {
            Self::Tcp { host, .. } | Self::WebSocket { host, .. } => host,
        }
    }

    /// Returns the port to connect to.
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp { port, .. } | Self::WebSocket { port, .. } => *port,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(formatter, "{host} port {port}"),
            Self::WebSocket { url, .. } => formatter.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_dialogue_is_added_to_the_url() {
        let named = |url: &str| {
            let (target, name) = Target::parse(url, None).unwrap().with_dialogue_name("x".to_owned());
            assert!(target.to_string().starts_with(url), "it is displayed as typed: {target}");
            (target.url().unwrap_or_default(), name)
        };
        let expected = |url: &str, name: &str| (url.to_owned(), name.to_owned());
        assert_eq!(named("ws://b/ws"), expected("ws://b/ws?dialogue=x", "x"));
        assert_eq!(named("ws://b/ws?a=1"), expected("ws://b/ws?a=1&dialogue=x", "x"));
        assert_eq!(named("ws://b/ws?a=1&dialogue=mine"), expected("ws://b/ws?a=1&dialogue=mine", "mine"));
        assert_eq!(named("localhost"), expected("", "x"));
    }

    #[test]
    fn targets_are_parsed_or_refused_with_a_reason() {
        let tcp = |host: &str, port| Ok(Target::Tcp { host: host.to_owned(), port });
        let ws = |url: &str, host: &str, port| {
            Ok(Target::WebSocket { url: url.to_owned(), dialogue: None, host: host.to_owned(), port })
        };
        let host = |text: &str| Err(TargetError::Host(text.to_owned()));
        let url = |text: &str| Err(TargetError::Url(text.to_owned()));
        let cases = [
            ("localhost", None, tcp("localhost", 1060)),
            ("127.0.0.1", Some(1061), tcp("127.0.0.1", 1061)),
            ("::1", None, tcp("::1", 1060)),
            ("[::1]", Some(9), tcp("::1", 9)),
            ("localhost:1060", None, host("localhost:1060")),
            ("", None, host("")),
            ("two words", None, host("two words")),
            ("ws://localhost:8080/ws", None, ws("ws://localhost:8080/ws", "localhost", 8080)),
            ("ws://[::1]:8080/ws", None, ws("ws://[::1]:8080/ws", "::1", 8080)),
            ("WS://bridge/ws/tunnel", None, ws("WS://bridge/ws/tunnel", "bridge", 80)),
            ("ws://", None, url("ws://")),
            ("ws://localhost:port/ws", None, url("ws://localhost:port/ws")),
            ("ws://localhost/ws#a", None, Err(TargetError::Fragment("ws://localhost/ws#a".to_owned()))),
            ("ws://localhost:8080/ws", Some(1), Err(TargetError::PortTwice)),
            ("wss://localhost/ws", None, Err(TargetError::Tls)),
            ("http://localhost", None, Err(TargetError::Scheme("http://localhost".to_owned()))),
        ];
        for (text, port, expected) in cases {
            assert_eq!(Target::parse(text, port), expected, "{text:?} {port:?}");
        }
    }
}

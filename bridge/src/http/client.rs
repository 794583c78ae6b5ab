//! Who sent a request: the client, or the one that a trusted reverse proxy names.

use std::fmt;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::connection::ConnectInfo;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The client of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Client {
    /// Its address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// The port, if it is connected without a proxy.
    port: Option<u16>,
    /// Whether the request came through a trusted proxy.
    pub(crate) is_proxied: bool,
    /// Whether it uses TLS, if that is known.
    pub(crate) is_secure: Option<bool>,
}

impl Client {
    /// Returns the client of a request. The headers are believed if the other end of the connection is a Unix socket or in
    /// one of the `trusted` networks. Each proxy appends the address it was called from, so the client is the last address
    /// that is not a trusted proxy.
    pub(crate) fn new(connection: Option<&ConnectInfo>, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let Some(connection) = connection else { return Self::default() };
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
        let peer = connection.peer;
        if peer.is_some_and(|peer| !is_trusted(peer.ip())) {
            let address = peer.map(|peer| peer.ip());
            let port = peer.map(|peer| peer.port());
            return Self { address, port, is_proxied: false, is_secure: connection.is_secure };
        }
        let mut address = peer.map(|peer| peer.ip());
        for forwarded in values(headers, &FORWARDED_FOR).rev() {
            let Some(before) = parse_address(forwarded) else { break };
            address = Some(before);
            if !is_trusted(before) {
                break;
            }
        }
        let is_secure =
            values(headers, &FORWARDED_PROTO).next_back().map(|scheme| scheme.eq_ignore_ascii_case(b"https"));
        Self { address, port: None, is_proxied: true, is_secure }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.port) {
            (Some(IpAddr::V6(address)), Some(port)) => write!(f, "[{address}]:{port}"),
            (Some(address), Some(port)) => write!(f, "{address}:{port}"),
            (Some(address), None) => address.fmt(f),
            (None, _) => f.write_str("local"),
        }
    }
}

/// Returns the comma-separated values of a header. What a client has put before those of the proxies may be any bytes.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Reads an address as proxies write it: some add a port.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    match bare.parse() {
        Ok(address) => Some(address),
        Err(_) => text.parse().ok().map(|address: std::net::SocketAddr| address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use launcelot_endpoint::limit::ConnectionLimit;

    use super::*;
    use crate::limits::Place;

    fn client(peer: Option<&str>, forwarded_for: &[&str], proto: Option<&str>) -> Client {
        let permit = ConnectionLimit::new(NonZeroU32::MIN).try_permit().unwrap();
        let connection = ConnectInfo::new(
            peer.map(|peer| peer.parse().unwrap()),
            permit,
            Place::Reserve { _over_address_limit: None },
        );
        let mut headers = HeaderMap::new();
        for line in forwarded_for {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        if let Some(proto) = proto {
            headers.append(FORWARDED_PROTO, HeaderValue::from_bytes(proto.as_bytes()).unwrap());
        }
        Client::new(Some(&connection), &headers, &["10.0.0.0/8".parse().unwrap()])
    }

    #[test]
    fn only_a_trusted_proxy_can_name_another_client() {
        let cases: [(_, &[&str], &str); 9] = [
            (Some("192.0.2.7:1"), &["198.51.100.1"], "192.0.2.7:1"),
            (Some("10.0.0.1:1"), &["198.51.100.1"], "198.51.100.1"),
            (Some("10.0.0.1:1"), &["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            (Some("10.0.0.1:1"), &["203.0.113.9", "198.51.100.1:4711"], "198.51.100.1"),
            (Some("10.0.0.1:1"), &["198.51.100.1, nonsense"], "10.0.0.1"),
            (Some("10.0.0.1:1"), &["ü, 198.51.100.1"], "198.51.100.1"),
            (Some("10.0.0.1:1"), &["[2001:db8::1]:80"], "2001:db8::1"),
            (Some("10.0.0.1:1"), &[], "10.0.0.1"),
            (None, &["198.51.100.1"], "198.51.100.1"),
        ];
        for (peer, forwarded_for, expected) in cases {
            assert_eq!(client(peer, forwarded_for, None).to_string(), expected, "{peer:?} {forwarded_for:?}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_can_tell_that_the_client_uses_tls() {
        assert_eq!(client(Some("192.0.2.7:1"), &[], Some("https")).is_secure, None);
        assert_eq!(client(Some("10.0.0.1:1"), &[], Some("https")).is_secure, Some(true));
        assert_eq!(client(Some("10.0.0.1:1"), &[], Some("http")).is_secure, Some(false));
        assert_eq!(client(Some("10.0.0.1:1"), &[], Some("ü, https")).is_secure, Some(true));
    }
}

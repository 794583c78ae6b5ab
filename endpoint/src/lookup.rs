//! The addresses of a host.
//!
//! `localhost` and names that end in `.localhost` are 127.0.0.1 and ::1, whatever `/etc/hosts` or a name server says
//! (RFC 6761, section 6.3). An IP address needs no lookup. The system's resolver finds the addresses of all other names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

/// Looks up `host` without blocking the thread.
///
/// # Errors
///
/// Returns the resolver's error.
pub async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match known_addresses(host, port) {
        Some(addresses) => Ok(addresses),
        None => Ok(tokio::net::lookup_host((host, port)).await?.collect()),
    }
}

/// Looks up `host`, and blocks the thread until the resolver has answered.
///
/// # Errors
///
/// Returns the resolver's error.
pub fn look_up_blocking(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match known_addresses(host, port) {
        Some(addresses) => Ok(addresses),
        None => Ok((host, port).to_socket_addrs()?.collect()),
    }
}

/// Returns the addresses of a host for which no resolver is needed: localhost or an IP address. `None` for any other name.
pub fn known_addresses(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if is_localhost(host) {
        return Some(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    let address: IpAddr = host.parse().ok()?;
    Some(vec![(address, port).into()])
}

fn is_localhost(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let last_label = name.rsplit('.').next().unwrap_or_default();
    last_label.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_both_loopback_addresses_without_a_resolver() {
        let both = ["127.0.0.1:1060", "[::1]:1060"].map(|address| address.parse().unwrap());
        for host in ["localhost", "LOCALHOST", "localhost.", "lab.localhost"] {
            assert_eq!(known_addresses(host, 1060), Some(both.to_vec()), "{host}");
        }
        assert_eq!(look_up("localhost", 1060).await.unwrap(), both);
        assert_eq!(look_up_blocking("localhost", 1060).unwrap(), both);
    }

    #[test]
    fn an_ip_address_needs_no_resolver_and_names_other_than_localhost_do() {
        assert_eq!(known_addresses("::1", 80), Some(vec!["[::1]:80".parse().unwrap()]));
        assert_eq!(known_addresses("192.0.2.7", 80), Some(vec!["192.0.2.7:80".parse().unwrap()]));
        for name in ["localhost.example", "example", "notlocalhost", ""] {
            assert_eq!(known_addresses(name, 80), None, "{name:?}");
        }
    }
}

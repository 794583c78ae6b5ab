//! Whether a port of localhost is free.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use crate::failure::Failure;

/// A port that a program is about to listen at.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Who wants it.
    pub(crate) who: &'static str,
    /// The option that chooses another.
    pub(crate) option: &'static str,
    /// The port; 0 means any free one.
    pub(crate) port: u16,
}

/// Fails, naming every port that cannot be had and the option that chooses another.
pub(crate) fn check(wanted: &[Wanted]) -> Result<(), Failure> {
    let mut complaints = Vec::new();
    for (index, Wanted { who, option, port }) in wanted.iter().enumerate() {
        let twice = *port != 0 && wanted[..index].iter().any(|other| other.port == *port);
        if twice {
            complaints.push(format!("port {port} is wanted twice: choose another for {who} with {option}"));
        } else if let Err(error) = try_at_localhost(*port) {
            let why = match error.kind() {
                ErrorKind::AddrInUse => "is taken by another program".to_owned(),
                _ => format!("cannot be had ({error})"),
            };
            complaints.push(format!("port {port}, for {who}, {why}: choose another with {option} N"));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(Failure::new(complaints.join("\ncargo xtask: "))) }
}

/// Listens for a moment at both addresses of localhost. A machine may lack one of them.
fn try_at_localhost(port: u16) -> io::Result<()> {
    let v4 = TcpListener::bind((IpAddr::from(Ipv4Addr::LOCALHOST), port)).map(drop);
    let v6 = TcpListener::bind((IpAddr::from(Ipv6Addr::LOCALHOST), port)).map(drop);
    match (v4, v6) {
        (Err(error), _) | (_, Err(error)) if is_refusal(&error) => Err(error),
        (Err(error), Err(_)) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the address is there, but not to be had. What else a system says means that it is not there.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(server: u16, page: u16) -> [Wanted; 2] {
        [
            Wanted { who: "the server", option: "--server-port", port: server },
            Wanted { who: "the page", option: "--page-port", port: page },
        ]
    }

    #[test]
    fn a_taken_port_is_named_with_its_option_whichever_address_it_is_taken_at() {
        let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        for listener in addresses.into_iter().filter_map(|address| TcpListener::bind((address, 0)).ok()) {
            let port = listener.local_addr().unwrap().port();
            let failure = check(&wanted(0, port)).unwrap_err().to_string();
            let expected =
                format!("port {port}, for the page, is taken by another program: choose another with --page-port N");
            assert_eq!(failure, expected);
        }
    }

    #[test]
    fn a_port_wanted_twice_is_refused_and_any_free_port_is_not() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        assert!(check(&wanted(free, free)).unwrap_err().to_string().contains("wanted twice"));
        check(&wanted(0, 0)).unwrap();
    }
}

//! Checks whether ports of localhost are free.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use crate::failure::Failure;

/// A port at which a program will listen.
#[derive(Debug)]
pub(crate) struct PortOption {
    /// The program's name in messages, as in `port 1060, for the server`.
    pub(crate) program: &'static str,
    /// The option that chooses another port.
    pub(crate) option: &'static str,
    /// The port; 0 for any free port.
    pub(crate) port: u16,
}

/// Fails if a port is not free. The failure names all ports that are not free, and the options that choose others.
pub(crate) fn check(ports: &[PortOption]) -> Result<(), Failure> {
    let mut errors = Vec::new();
    for (index, PortOption { program, option, port }) in ports.iter().enumerate() {
        let is_taken_before = *port != 0 && ports[..index].iter().any(|other| other.port == *port);
        if is_taken_before {
            errors.push(format!("port {port} is chosen twice: choose another for {program} with {option} N"));
        } else if let Err(error) = bind_at_localhost(*port) {
            let why = match error.kind() {
                ErrorKind::AddrInUse => "is taken by another program".to_owned(),
                _ => format!("is not available ({error})"),
            };
            errors.push(format!("port {port}, for {program}, {why}: choose another with {option} N"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::new(errors.join("\ncargo xtask: "))) }
}

/// Binds both addresses of localhost for a moment. A machine may lack one of them.
fn bind_at_localhost(port: u16) -> io::Result<()> {
    let v4 = TcpListener::bind((IpAddr::from(Ipv4Addr::LOCALHOST), port)).map(drop);
    let v6 = TcpListener::bind((IpAddr::from(Ipv6Addr::LOCALHOST), port)).map(drop);
    match (v4, v6) {
        (Err(error), _) | (_, Err(error)) if is_refusal(&error) => Err(error),
        (Err(error), Err(_)) => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether the machine has the address but refuses the port. Other errors mean that it lacks the address.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(server: u16, page: u16) -> [PortOption; 2] {
        [
            PortOption { program: "the server", option: "--server-port", port: server },
            PortOption { program: "the page", option: "--page-port", port: page },
        ]
    }

    #[test]
    fn a_port_taken_at_either_address_is_named_with_its_option() {
        let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        for listener in addresses.into_iter().filter_map(|address| TcpListener::bind((address, 0)).ok()) {
            let port = listener.local_addr().unwrap().port();
            let failure = check(&ports(0, port)).unwrap_err().to_string();
            let expected =
                format!("port {port}, for the page, is taken by another program: choose another with --page-port N");
            assert_eq!(failure, expected);
        }
    }

    #[test]
    fn a_port_chosen_twice_is_refused_and_two_free_ports_are_not() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        assert!(check(&ports(free, free)).unwrap_err().to_string().contains("chosen twice"));
        check(&ports(0, 0)).unwrap();
    }
}

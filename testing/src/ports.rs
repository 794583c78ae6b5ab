//! Ports for programs that must be told which one to use.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// The number of ports to try, because a port that is free at 127.0.0.1 may be taken at ::1.
const TRIES: usize = 16;

/// A port of localhost that stays reserved for one test, while the programs that listen there may start and stop.
///
/// The reservation is a socket that is bound with `SO_REUSEADDR` and never listens. The kernel refuses connections to
/// the port and does not assign it to a socket that asks for any free port. Another socket with `SO_REUSEADDR` can still
/// bind the port and listen (socket(7)). OpenSSH, trunk and all programs of this workspace set that option.
#[derive(Debug)]
pub struct ReservedPort {
    /// The port.
    pub number: u16,
    _sockets: Vec<Socket>,
}

#[allow(clippy::new_without_default, reason = "a default value should not fail")]
impl ReservedPort {
    /// Reserves a free port at both addresses of localhost.
    pub fn new() -> Self {
        for _ in 0..TRIES {
            match reserve() {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                reserved => return reserved.unwrap_or_else(|error| panic!("cannot reserve a port: {error}")),
            }
        }
        panic!("cannot reserve a port: none of {TRIES} ports is free at both 127.0.0.1 and ::1");
    }

    /// Returns the socket address of the port at 127.0.0.1. Connections are refused until a program listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

fn reserve() -> io::Result<ReservedPort> {
    let v4 = bind(Ipv4Addr::LOCALHOST.into(), 0)?;
    let number = v4.local_addr()?.as_socket().map_or(0, |address| address.port());
    let mut sockets = vec![v4];
    match bind(Ipv6Addr::LOCALHOST.into(), number) {
        Ok(v6) => sockets.push(v6),
        Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
        // This machine has no IPv6.
        Err(_) => {}
    }
    Ok(ReservedPort { number, _sockets: sockets })
}

fn bind(address: IpAddr, port: u16) -> io::Result<Socket> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

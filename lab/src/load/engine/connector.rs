//! Connecting without blocking: sockets, source addresses, and what the system's errors mean.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use launcelot_endpoint::connect::connect_blocking;
use launcelot_measure::load::DialogueFailure;
use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::ports::is_ipv4_loopback;
use super::recorder::Failure;

/// Makes the connections of all clients.
#[derive(Debug)]
pub(super) struct Connector {
    addresses: Vec<SocketAddr>,
    /// The index of the address that accepted last: it is the first that the next client tries.
    preferred: usize,
    /// The number of source addresses that take turns when the server is at a loopback address.
    sources: u32,
    next_source: u32,
}

impl Connector {
    pub(super) fn new(addresses: Vec<SocketAddr>, sources: u32) -> Self {
        Self { addresses, preferred: 0, sources, next_source: 0 }
    }

    /// Settles on the address that accepts first, with Happy Eyeballs, if some may not answer: each client would otherwise wait for
    /// them until its timeout. Connects once to the server. A loopback address answers at once, or refuses.
    pub(super) fn settle(&mut self, timeout: Duration) {
        let is_remote = |address: &SocketAddr| !address.ip().is_loopback();
        if self.addresses.len() > 1 && self.addresses.iter().any(is_remote) {
            self.prefer_first_to_accept(timeout);
        }
    }

    /// Leaves the order as it is if no address accepts: the clients then count why.
    fn prefer_first_to_accept(&mut self, timeout: Duration) {
        let accepted = connect_blocking(self.addresses.iter().copied(), timeout).and_then(|stream| stream.peer_addr());
        let Ok(accepted) = accepted else { return };
        // The peer's address may lack the scope that a resolver adds to a link-local one.
        let is_accepted = |address: &SocketAddr| address.ip() == accepted.ip() && address.port() == accepted.port();
        if let Some(index) = self.addresses.iter().position(is_accepted) {
            self.preferred = index;
        }
    }

    /// Returns the index of the address that is tried after `attempt` others; `None` after the last.
    pub(super) fn address(&self, attempt: usize) -> Option<usize> {
        (attempt < self.addresses.len()).then(|| (self.preferred + attempt) % self.addresses.len())
    }

    /// Begins to connect to the address with an index. The socket is writable when it is connected, and when that failed.
    pub(super) fn connect(&mut self, address: usize) -> Result<TcpStream, Failure> {
        self.connect_to(self.addresses[address]).map_err(|error| connect_failure(&error))
    }

    /// Tries this address first from now on.
    pub(super) fn prefer(&mut self, address: usize) {
        self.preferred = address;
    }

    /// Tries this address last from now on, if it was the first: it does not answer.
    pub(super) fn avoid(&mut self, address: usize) {
        if self.preferred == address {
            self.preferred = (address + 1) % self.addresses.len();
        }
    }

    fn connect_to(&mut self, address: SocketAddr) -> io::Result<TcpStream> {
        let kind = Type::STREAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        if self.sources > 1 && is_ipv4_loopback(address.ip()) {
            // The port is chosen when the peer is known, so it has to be free only together with the peer.
            setsockopt(&socket, IpBindAddressNoPort, &true)?;
            socket.bind(&SocketAddr::from((self.next_source_address(), 0)).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => Err(error),
            _ => Ok(socket.into()),
        }
    }

    fn next_source_address(&mut self) -> Ipv4Addr {
        let source = self.next_source;
        self.next_source = (source + 1) % self.sources;
        Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + source)
    }
}

/// Returns whether a socket that became writable is connected; false if it is still connecting.
pub(super) fn is_connected(stream: &TcpStream) -> Result<bool, Failure> {
    if let Some(error) = stream.take_error().unwrap_or_else(Some) {
        return Err(connect_failure(&error));
    }
    Ok(stream.peer_addr().is_ok())
}

/// Classifies an error of connecting.
fn connect_failure(error: &io::Error) -> Failure {
    let kind = match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED) => DialogueFailure::Refused,
        Some(Errno::TIMEDOUT) => DialogueFailure::ConnectTimedOut,
        Some(Errno::CONNRESET) => DialogueFailure::Reset,
        // connect(2) says EADDRNOTAVAIL or EAGAIN when all ports of the range are in use.
        Some(Errno::ADDRNOTAVAIL | Errno::AGAIN) => DialogueFailure::NoLocalPort,
        Some(Errno::MFILE | Errno::NFILE) => DialogueFailure::NoDescriptor,
        _ => DialogueFailure::NotConnected,
    };
    Failure::with_example(kind, error)
}

/// Classifies an error of an established connection.
pub(super) fn connection_failure(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::TimedOut => DialogueFailure::AnswerTimedOut,
        _ => DialogueFailure::Reset,
    };
    Failure::with_example(kind, error)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use launcelot_testing::sockets::SilentAddress;

    use super::*;

    #[test]
    fn the_clients_settle_on_an_address_that_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = SilentAddress::new();
        let addresses = vec![silent.address, listener.local_addr().unwrap()];
        let mut connector = Connector::new(addresses, 1);
        assert_eq!(connector.address(0), Some(0));
        connector.prefer_first_to_accept(Duration::from_secs(20));
        assert_eq!((connector.address(0), connector.address(1), connector.address(2)), (Some(1), Some(0), None));
    }

    #[test]
    fn an_error_of_connecting_is_classified() {
        let cases = [
            (Errno::CONNREFUSED, DialogueFailure::Refused),
            (Errno::TIMEDOUT, DialogueFailure::ConnectTimedOut),
            (Errno::ADDRNOTAVAIL, DialogueFailure::NoLocalPort),
            (Errno::MFILE, DialogueFailure::NoDescriptor),
            (Errno::HOSTUNREACH, DialogueFailure::NotConnected),
        ];
        for (errno, kind) in cases {
            let failure = connect_failure(&errno.into());
            assert_eq!(failure.kind, kind);
            assert!(failure.example.unwrap().contains("os error"));
        }
    }
}

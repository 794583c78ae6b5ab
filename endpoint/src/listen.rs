//! Which addresses a name means, and listening at all of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use thiserror::Error;

/// How many connections may wait to be accepted, unless the program says otherwise. The system
/// lowers it to its own limit (`net.core.somaxconn`, 4,096 on today's Linux).
pub const BACKLOG: u32 = 4096;

/// How often another port is tried when one that is free at one address is taken at the next.
const FREE_PORT_TRIES: usize = 16;

/// Why a program cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The name means no address.
    #[error("cannot listen at '{interface}': it is no address of this machine")]
    Unknown {
        /// What was asked for.
        interface: String,
        /// What the system says.
        source: io::Error,
    },
    /// The port is taken.
    #[error("cannot listen at '{interface}' port {port}: another program listens there already")]
    Taken {
        /// What was asked for.
        interface: String,
        /// The port.
        port: u16,
    },
    /// Anything else.
    #[error("cannot listen at '{interface}' port {port}")]
    Other {
        /// What was asked for.
        interface: String,
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

/// Listeners at every address of one name, all with the same port.
#[derive(Debug)]
pub struct Listeners {
    /// One for each address, in non-blocking mode, with close-on-exec.
    pub sockets: Vec<TcpListener>,
    /// The port that they really got.
    pub port: u16,
    /// How many connections were asked to wait at each.
    backlog: u32,
    are_inherited: bool,
}

impl Listeners {
    /// Listens at `interface`, a name or an address, and `port`; 0 means any free one.
    ///
    /// `localhost` means 127.0.0.1 and ::1 both, where the machine has both.
    ///
    /// # Errors
    ///
    /// See [`ListenError`].
    pub fn bind(interface: &str, port: u16, backlog: u32) -> Result<Self, ListenError> {
        let addresses = addresses_of(interface)
            .map_err(|source| ListenError::Unknown { interface: interface.to_owned(), source })?;
        let mut tries = if port == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            match bind_all(&addresses, port, backlog) {
                Ok(listeners) => return Ok(listeners),
                Err(source) if source.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(source) => return Err(refusal(interface, port, source)),
            }
        }
    }

    /// Takes over listeners that whoever started this program has opened.
    ///
    /// # Errors
    ///
    /// What the system says, or [`io::ErrorKind::InvalidInput`] if there is none.
    pub fn inherited(sockets: Vec<TcpListener>) -> io::Result<Self> {
        let port = sockets.first().ok_or(io::ErrorKind::InvalidInput)?.local_addr()?.port();
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
        }
        Ok(Self { sockets, port, backlog: BACKLOG, are_inherited: true })
    }

    /// Listens once more at the same addresses and port. The kernel deals the connections that come
    /// out among those who listen (`SO_REUSEPORT`).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn sibling(&self) -> io::Result<Self> {
        let bound = self.sockets.iter().map(|socket| {
            SockRef::from(socket).set_reuse_port(true)?;
            bind_one(socket.local_addr()?, true)
        });
        let bound = bound.collect::<io::Result<Vec<_>>>()?;
        // Only now, when nothing is short any more: to give one up again would reset who is dealt to it.
        let sockets = bound.into_iter().map(|socket| listen_at(socket, self.backlog));
        Ok(Self { sockets: sockets.collect::<io::Result<_>>()?, ..*self })
    }

    /// Whether another process opened these listeners. They can be bound in ways that this process may not repeat.
    pub fn are_inherited(&self) -> bool {
        self.are_inherited
    }

    /// The addresses that are listened at.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(TcpListener::local_addr).collect()
    }
}

/// Splits `HOST:PORT`, `[IPv6]:PORT` or `HOST` into its parts, brackets removed.
pub fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (host, port)
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port {
        Some(digits) => Some(digits.parse().ok()?),
        None => None,
    };
    (!host.is_empty()).then_some((host, port))
}

/// Reads `HOST:PORT`, as an argument of a command line.
///
/// # Errors
///
/// What a person should write instead.
pub fn parse_host_port(text: &str) -> Result<(String, u16), String> {
    match split_host_port(text) {
        Some((host, Some(port))) => Ok((host.to_owned(), port)),
        _ => Err("it must be HOST:PORT".to_owned()),
    }
}

fn addresses_of(interface: &str) -> io::Result<Vec<IpAddr>> {
    if interface.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let mut addresses = Vec::new();
    for address in (interface, 0).to_socket_addrs()? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    Ok(addresses)
}

/// Listens at all of `addresses` that the machine has; that is an error only if it has none.
fn bind_all(addresses: &[IpAddr], port: u16, backlog: u32) -> io::Result<Listeners> {
    let mut listeners = Listeners { sockets: Vec::with_capacity(addresses.len()), port, backlog, are_inherited: false };
    let mut absent = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match bind_one(SocketAddr::new(*address, listeners.port), false).and_then(|socket| listen_at(socket, backlog)) {
            Ok(socket) => {
                listeners.port = socket.local_addr()?.port();
                listeners.sockets.push(socket);
            }
            Err(error) if is_absent(&error) => absent = error,
            Err(error) => return Err(error),
        }
    }
    if listeners.sockets.is_empty() { Err(absent) } else { Ok(listeners) }
}

fn bind_one(address: SocketAddr, is_sibling: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that was stopped a moment ago may listen again at once.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(is_sibling)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listen_at(socket: Socket, backlog: u32) -> io::Result<TcpListener> {
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Whether this machine does not have the address, or not its family.
fn is_absent(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno == Some(Errno::ADDRNOTAVAIL) || errno == Some(Errno::AFNOSUPPORT)
}

fn refusal(interface: &str, port: u16, source: io::Error) -> ListenError {
    let interface = interface.to_owned();
    match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken { interface, port },
        io::ErrorKind::AddrNotAvailable => ListenError::Unknown { interface, source },
        _ => ListenError::Other { interface, port, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_both_families_with_one_port() {
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let addresses = listeners.addresses().unwrap();
        assert_eq!(addresses[0], SocketAddr::from((Ipv4Addr::LOCALHOST, listeners.port)));
        assert!(addresses.iter().all(|address| address.port() == listeners.port && listeners.port != 0));
        let has_v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        assert_eq!(addresses.len(), if has_v6 { 2 } else { 1 });
    }

    #[test]
    fn a_taken_port_is_said_to_be_taken() {
        let taken = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
        let refused = Listeners::bind("localhost", taken.port, BACKLOG).unwrap_err();
        assert!(matches!(refused, ListenError::Taken { port, .. } if port == taken.port), "{refused:?}");
    }

    #[test]
    fn siblings_share_who_comes() {
        let first = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let second = first.sibling().unwrap();
        assert_eq!(first.addresses().unwrap(), second.addresses().unwrap());
        let came = |listeners: &Listeners| listeners.sockets[0].accept().is_ok();
        // The kernel deals by address: that all of 64 clients fall to one is as likely as 64 equal coins.
        let clients: Vec<_> = (0..64).map(|_| std::net::TcpStream::connect(first.addresses().unwrap()[0])).collect();
        assert!(clients.iter().all(Result::is_ok));
        assert!(came(&first) && came(&second));
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let refused = Listeners::bind("192.0.2.1", 0, BACKLOG).unwrap_err();
        assert!(matches!(refused, ListenError::Unknown { .. }), "{refused:?}");
    }

    #[test]
    fn hosts_and_ports_are_told_apart() {
        let cases = [
            ("localhost:1060", Some(("localhost", Some(1060)))),
            ("localhost", Some(("localhost", None))),
            ("[::1]:8080", Some(("::1", Some(8080)))),
            ("[::1]", Some(("::1", None))),
            ("::1", Some(("::1", None))),
            ("127.0.0.1:0", Some(("127.0.0.1", Some(0)))),
            ("localhost:http", None),
            ("localhost:65536", None),
            (":80", None),
            ("[::1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(split_host_port(text), expected, "{text:?}");
        }
    }
}

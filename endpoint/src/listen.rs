//! Listening on all addresses of a name, on several names, or with listeners that another process has opened.

mod error;
mod inherited;

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::lookup::look_up_blocking;

pub use error::ListenError;
pub use inherited::InheritedListeners;

/// The default length of the backlog: how many connections may wait to be accepted. The system lowers it to its own limit
/// (`net.core.somaxconn`, 4,096 on today's Linux).
pub const BACKLOG: u32 = 4096;

/// Maximum number of free ports that are tried, because a port that is free on one address may be in use on another.
const FREE_PORT_TRIES: usize = 16;

/// Listeners on every address of one or several names.
#[derive(Debug)]
pub struct Listeners {
    /// The listeners, one for each address, in non-blocking mode, with close-on-exec.
    pub sockets: Vec<TcpListener>,
    /// The port of the first name, never 0.
    pub port: u16,
    /// The names or addresses that the program listens on, as the command line gives them; for inherited listeners, their
    /// addresses.
    pub interfaces: Vec<Interface>,
    backlog: u32,
    are_inherited: bool,
}

/// A name or address and the port at which a program listens there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The name or address, without brackets.
    pub name: String,
    /// The port, never 0.
    pub port: u16,
}

impl Interface {
    /// Returns the host of a URL that leads to this interface from this machine.
    pub fn url_host(&self) -> String {
        match self.name.parse::<IpAddr>() {
            Ok(address) if address.is_unspecified() => "localhost".to_owned(),
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.name.clone(),
        }
    }
}

impl Listeners {
    /// Listens on all addresses of `interface`, a name or an address, with the same `port`; 0 for any free port.
    ///
    /// `localhost` is 127.0.0.1 and ::1, and `::` is every address of both families. A family that the machine does not
    /// have is left out.
    ///
    /// # Errors
    ///
    /// See [`ListenError`]. Binding fails even if another program listens on only one of the addresses.
    pub fn bind(interface: &str, port: u16, backlog: u32) -> Result<Self, ListenError> {
        let addresses = addresses_of(interface)
            .map_err(|source| ListenError::Unknown { interface: interface.to_owned(), source })?;
        let mut tries = if port == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            match bind_addresses(&addresses, port, backlog) {
                Ok((sockets, port)) => {
                    let interfaces = vec![Interface { name: interface.to_owned(), port }];
                    return Ok(Self { sockets, port, interfaces, backlog, are_inherited: false });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(error) => return Err(ListenError::of_bind(interface, port, error)),
            }
        }
    }

    /// Adds the listeners of `others` to these.
    pub fn extend(&mut self, others: Self) {
        self.sockets.extend(others.sockets);
        self.interfaces.extend(others.interfaces);
    }

    /// Takes over the TCP listeners that a service manager has opened for this process (sd_listen_fds(3)). A program that
    /// serves Unix sockets also takes [`InheritedListeners`].
    ///
    /// # Errors
    ///
    /// Returns [`ListenError::NoneInherited`] or [`ListenError::Inherit`].
    pub fn from_environment() -> Result<Self, ListenError> {
        let InheritedListeners { tcp, unix } = InheritedListeners::from_environment()?;
        match (tcp, unix.first()) {
            (Some(listeners), None) => Ok(listeners),
            _ => Err(ListenError::Inherit(io::Error::other("only TCP sockets can be served"))),
        }
    }

    /// Takes over listeners that another process has opened.
    ///
    /// # Errors
    ///
    /// Returns the system's error, or [`io::ErrorKind::InvalidInput`] if `sockets` is empty.
    pub fn inherited(sockets: Vec<TcpListener>) -> io::Result<Self> {
        let mut interfaces = Vec::with_capacity(sockets.len());
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
            let address = socket.local_addr()?;
            interfaces.push(Interface { name: address.ip().to_string(), port: address.port() });
        }
        let port = interfaces.first().ok_or(io::ErrorKind::InvalidInput)?.port;
        Ok(Self { sockets, port, interfaces, backlog: BACKLOG, are_inherited: true })
    }

    /// Opens further listeners on the same addresses and ports. The kernel distributes new connections among all listeners of
    /// one address and port (`SO_REUSEPORT`).
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn sibling(&self) -> io::Result<Self> {
        let mut bound = Vec::with_capacity(self.sockets.len());
        for socket in &self.sockets {
            SockRef::from(socket).set_reuse_port(true)?;
            bound.push(bind_address(socket.local_addr()?, true)?);
        }
        // Listening is the last step, after all that can fail for lack of descriptors or memory: closing a sibling that
        // listens already would reset the connections that the kernel has given to it.
        let sockets = bound.into_iter().map(|socket| listen_at(socket, self.backlog)).collect::<io::Result<_>>()?;
        let interfaces = self.interfaces.clone();
        Ok(Self { sockets, port: self.port, interfaces, backlog: self.backlog, are_inherited: self.are_inherited })
    }

    /// Whether another process opened these listeners. This process may then not be able to bind further ones to their
    /// addresses.
    pub fn are_inherited(&self) -> bool {
        self.are_inherited
    }

    /// Returns the addresses of the listeners.
    ///
    /// # Errors
    ///
    /// Returns the system's error.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(TcpListener::local_addr).collect()
    }

    /// Returns the text that a program prints once it listens, with one line for each interface:
    /// `Ready and listening at 'localhost' port 1060`.
    pub fn ready(&self) -> String {
        let mut text = String::new();
        for Interface { name, port } in &self.interfaces {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "Ready and listening at '{name}' port {port}");
        }
        text
    }
}

fn addresses_of(interface: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for address in look_up_blocking(interface, 0)? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    // A socket for each family: one for both would report IPv4 clients by IPv6 addresses.
    if addresses == [IpAddr::from(Ipv6Addr::UNSPECIFIED)] {
        addresses.insert(0, Ipv4Addr::UNSPECIFIED.into());
    }
    Ok(addresses)
}

/// Listens on all of `addresses` that the machine has, and returns the port. Fails if it has none of them.
fn bind_addresses(addresses: &[IpAddr], mut port: u16, backlog: u32) -> io::Result<(Vec<TcpListener>, u16)> {
    let mut sockets = Vec::with_capacity(addresses.len());
    let mut absent = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        let bound = bind_address(SocketAddr::new(*address, port), false);
        match bound.and_then(|socket| listen_at(socket, backlog)) {
            Ok(socket) => {
                port = socket.local_addr()?.port();
                sockets.push(socket);
            }
            Err(error) if is_absent(&error) => absent = error,
            Err(error) => return Err(error),
        }
    }
    if sockets.is_empty() { Err(absent) } else { Ok((sockets, port)) }
}

fn bind_address(address: SocketAddr, is_sibling: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Otherwise a server that is restarted could not listen while connections of the last one are in TIME_WAIT.
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

/// Whether the error of bind(2) or socket(2) means that this machine does not have the address or its family.
fn is_absent(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno == Some(Errno::ADDRNOTAVAIL) || errno == Some(Errno::AFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_ipv6() -> bool {
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    #[test]
    fn localhost_is_both_families_with_one_port() {
        let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let addresses = listeners.addresses().unwrap();
        assert_eq!(addresses[0], SocketAddr::from((Ipv4Addr::LOCALHOST, listeners.port)));
        assert!(addresses.iter().all(|address| address.port() == listeners.port && listeners.port != 0));
        assert_eq!(addresses.len(), if has_ipv6() { 2 } else { 1 });
    }

    #[test]
    fn the_unspecified_ipv6_address_takes_both_families() {
        let listeners = Listeners::bind("::", 0, BACKLOG).unwrap();
        launcelot_testing::sockets::connect(listeners.port);
        assert_eq!(listeners.addresses().unwrap().len(), if has_ipv6() { 2 } else { 1 });
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let taken = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
        let refused = Listeners::bind("localhost", taken.port, BACKLOG).unwrap_err();
        assert!(matches!(refused, ListenError::Taken { port, .. } if port == taken.port), "{refused:?}");
    }

    #[test]
    fn a_port_in_use_in_one_family_only_is_refused() {
        if !has_ipv6() {
            return;
        }
        for other in ["::1", "::"] {
            let taken = bind_address((other.parse::<IpAddr>().unwrap(), 0).into(), false).unwrap();
            let taken = listen_at(taken, 1).unwrap();
            let port = taken.local_addr().unwrap().port();
            for interface in ["localhost", "::"] {
                let refused = Listeners::bind(interface, port, BACKLOG).map(|listeners| listeners.addresses());
                assert!(matches!(refused, Err(ListenError::Taken { .. })), "{other}, then {interface}: {refused:?}");
            }
        }
    }

    #[test]
    fn several_names_are_listened_at_together() {
        let mut listeners = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
        listeners.extend(Listeners::bind("127.0.0.2", 0, BACKLOG).unwrap());
        let addresses = listeners.addresses().unwrap();
        assert_eq!(addresses.len(), 2);
        let [first, second] = [addresses[0].port(), addresses[1].port()];
        assert_eq!(listeners.port, first);
        let expected = format!(
            "Ready and listening at '127.0.0.1' port {first}\nReady and listening at '127.0.0.2' port {second}\n"
        );
        assert_eq!(listeners.ready(), expected);
    }

    #[test]
    fn the_host_of_a_url_leads_to_the_interface() {
        let cases = [("localhost", "localhost"), ("::1", "[::1]"), ("::", "localhost"), ("0.0.0.0", "localhost")];
        for (name, expected) in cases {
            assert_eq!(Interface { name: name.to_owned(), port: 80 }.url_host(), expected);
        }
    }

    #[test]
    fn connections_are_distributed_among_siblings() {
        let first = Listeners::bind("localhost", 0, BACKLOG).unwrap();
        let second = first.sibling().unwrap();
        assert_eq!(first.addresses().unwrap(), second.addresses().unwrap());
        // The kernel chooses the listener by a hash of the client's port. That it chooses the same one for all of 64 clients is
        // as likely as 64 equal tosses of a coin.
        let clients: Vec<_> = (0..64).map(|_| std::net::TcpStream::connect(first.addresses().unwrap()[0])).collect();
        assert!(clients.iter().all(Result::is_ok));
        let has_connection = |listeners: &Listeners| listeners.sockets[0].accept().is_ok();
        assert!(has_connection(&first) && has_connection(&second));
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let refused = Listeners::bind("192.0.2.1", 0, BACKLOG).unwrap_err();
        assert!(matches!(refused, ListenError::Unknown { .. }), "{refused:?}");
    }
}

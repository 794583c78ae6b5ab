//! The server's side of a relayed connection, from the request to connect on.
//!
//! The server's addresses are tried as in Happy Eyeballs (RFC 8305): an address that does not answer delays the attempt
//! at the next address by 250 ms.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use launcelot_endpoint::connect::{Attempts, is_connected, start_connecting};
use launcelot_endpoint::failure::one_line;

use super::peer_socket::PeerSocket;
use super::settings::TunnelSettings;

/// How long connecting to one address may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of the connection to the server.
#[derive(Debug)]
pub(super) enum Upstream {
    /// The request to connect is in flight until `arrives_at`. `addresses` are `None` until they have been resolved.
    Requested { requested_at: Instant, arrives_at: Instant, addresses: Option<Vec<SocketAddr>> },
    /// Connecting to one address, or to several at the same time.
    Connecting(ConnectAttempts),
    /// The server has accepted.
    Open(PeerSocket),
    /// None of the addresses has accepted.
    Refused,
}

/// The attempts to connect to the server's addresses.
#[derive(Debug)]
pub(super) struct ConnectAttempts {
    attempts: Attempts,
    sockets: Vec<ConnectingSocket>,
    next_number: u32,
}

#[derive(Debug)]
struct ConnectingSocket {
    /// The number of the attempt.
    number: u32,
    address: SocketAddr,
    stream: TcpStream,
    timeout_at: Instant,
}

/// The change of the connection to the server in one call of [`Upstream::advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    None,
    Connected,
    Refused,
}

impl Upstream {
    /// Sends the request to connect over the emulated link. If `addresses` is `None`, the caller must call
    /// [`resolved`](Self::resolved) later.
    pub(super) fn request(now: Instant, settings: &TunnelSettings, addresses: Option<Vec<SocketAddr>>) -> Self {
        Self::Requested { requested_at: now, arrives_at: now + settings.propagation_delay(0.0), addresses }
    }

    /// Sets the addresses once they have been resolved.
    pub(super) fn resolved(&mut self, found: Vec<SocketAddr>) {
        if let Self::Requested { addresses, .. } = self {
            *addresses = Some(found);
        }
    }

    /// Applies changed settings to a request in flight.
    pub(super) fn reschedule(&mut self, now: Instant, settings: &TunnelSettings) {
        if let Self::Requested { requested_at, arrives_at, .. } = self
            && *arrives_at > now
        {
            *arrives_at = *requested_at + settings.propagation_delay(0.0);
        }
    }

    /// Returns when a turn is needed without an event on a socket.
    pub(super) fn next_due(&self) -> Option<Instant> {
        match self {
            Self::Requested { arrives_at, addresses: Some(_), .. } => Some(*arrives_at),
            Self::Connecting(connecting) => connecting.next_due(),
            // The resolver wakes the event loop; an open or refused connection needs no timer.
            Self::Requested { addresses: None, .. } | Self::Open(_) | Self::Refused => None,
        }
    }

    /// Returns the socket once it is connected.
    pub(super) fn socket(&self) -> Option<&PeerSocket> {
        if let Self::Open(socket) = self { Some(socket) } else { None }
    }

    /// Returns the sockets that are connecting, each with the number of its attempt. A socket is writable when its attempt
    /// has ended.
    pub(super) fn connecting_sockets(&self) -> impl Iterator<Item = (u32, BorrowedFd<'_>)> {
        let sockets = if let Self::Connecting(connecting) = self { connecting.sockets.as_slice() } else { &[] };
        sockets.iter().map(|socket| (socket.number, socket.stream.as_fd()))
    }

    /// Advances connecting as far as it goes without waiting.
    pub(super) fn advance(&mut self, now: Instant) -> io::Result<Progress> {
        if let Self::Requested { arrives_at, addresses: Some(addresses), .. } = self
            && *arrives_at <= now
        {
            *self = Self::Connecting(ConnectAttempts::to(std::mem::take(addresses)));
        }
        let Self::Connecting(connecting) = self else { return Ok(Progress::None) };
        if let Some(stream) = connecting.take_connected(now) {
            *self = Self::Open(PeerSocket::new(stream)?);
            return Ok(Progress::Connected);
        }
        connecting.start_attempts(now);
        if connecting.attempts.exhausted().is_some() {
            *self = Self::Refused;
            return Ok(Progress::Refused);
        }
        Ok(Progress::None)
    }
}

impl ConnectAttempts {
    fn to(addresses: Vec<SocketAddr>) -> Self {
        Self { attempts: Attempts::new(addresses), sockets: Vec::new(), next_number: 0 }
    }

    fn next_due(&self) -> Option<Instant> {
        let next_timeout = self.sockets.iter().map(|socket| socket.timeout_at).min();
        self.attempts.next_at().into_iter().chain(next_timeout).min()
    }

    /// Returns a connected socket, if there is one, and drops sockets whose attempts have failed.
    fn take_connected(&mut self, now: Instant) -> Option<TcpStream> {
        for index in (0..self.sockets.len()).rev() {
            let socket = &self.sockets[index];
            let error = match is_connected(&socket.stream) {
                Ok(true) => return Some(self.sockets.swap_remove(index).stream),
                Ok(false) if now < socket.timeout_at => continue,
                Ok(false) => ErrorKind::TimedOut.into(),
                Err(error) => error,
            };
            self.fail(socket.address, error);
            self.sockets.swap_remove(index);
        }
        None
    }

    fn start_attempts(&mut self, now: Instant) {
        while let Some(address) = self.attempts.start_next(now) {
            match start_connecting(address) {
                Ok(stream) => {
                    let number = self.next_number;
                    self.next_number += 1;
                    self.sockets.push(ConnectingSocket { number, address, stream, timeout_at: now + CONNECT_TIMEOUT });
                }
                Err(error) => self.fail(address, error),
            }
        }
    }

    fn fail(&mut self, address: SocketAddr, error: io::Error) {
        tracing::warn!("the tunnel cannot connect to {address}: {}", one_line(&error));
        self.attempts.failed(error);
    }
}

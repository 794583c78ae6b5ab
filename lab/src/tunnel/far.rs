//! The far end of a connection, on its way to being one.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use launcelot_endpoint::failure::one_line;
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::wire::Wire;

/// How long an address may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One socket, and how far its two directions are.
#[derive(Debug)]
pub(super) struct End {
    pub(super) stream: TcpStream,
    /// It has sent everything.
    pub(super) has_ended: bool,
    /// It has got everything, and its stream's end.
    pub(super) write_closed: bool,
    /// It takes no more for now.
    pub(super) is_full: bool,
}

/// The far end.
#[derive(Debug)]
pub(super) enum Far {
    /// The request to connect is under way until `at`, and the addresses may still be looked up.
    Requested { since: Instant, at: Instant, addresses: Option<Vec<SocketAddr>> },
    /// A connection has been requested of one address. The others are tried if it refuses.
    Connecting { end: End, address: SocketAddr, others: Vec<SocketAddr>, until: Instant },
    /// It has accepted.
    Open(End),
    /// No address has accepted.
    Refused,
}

/// What has changed about the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Nothing,
    /// There is another socket.
    Connecting,
    Connected,
    Refused,
}

impl Far {
    /// A request to connect that leaves now. Without `addresses`, these are still looked up.
    pub(super) fn request(now: Instant, wire: &Wire, addresses: Option<Vec<SocketAddr>>) -> Self {
        Self::Requested { since: now, at: now + wire.one_way(0.0), addresses }
    }

    /// Takes the addresses that were looked up.
    pub(super) fn resolved(&mut self, found: Vec<SocketAddr>) {
        if let Self::Requested { addresses, .. } = self {
            *addresses = Some(found);
        }
    }

    /// Applies changed settings to the request, if it is still under way.
    pub(super) fn reschedule(&mut self, now: Instant, wire: &Wire) {
        if let Self::Requested { since, at, .. } = self
            && *at > now
        {
            *at = *since + wire.one_way(0.0);
        }
    }

    /// When it needs its next turn without an event on a socket.
    pub(super) fn next_due(&self) -> Option<Instant> {
        match self {
            Self::Requested { at, addresses: Some(_), .. } => Some(*at),
            Self::Connecting { until, .. } => Some(*until),
            // The lookup wakes it; an open or refused connection needs no timer.
            Self::Requested { addresses: None, .. } | Self::Open(_) | Self::Refused => None,
        }
    }

    /// Connects as far as that is possible now.
    pub(super) fn advance(&mut self, now: Instant) -> Progress {
        let next = match self {
            Self::Requested { at, addresses: Some(addresses), .. } if *at <= now => std::mem::take(addresses),
            Self::Connecting { end, address, others, until } => match end.has_connected() {
                Ok(true) => {
                    if let Self::Connecting { end, .. } = std::mem::replace(self, Self::Refused) {
                        *self = Self::Open(end);
                    }
                    return Progress::Connected;
                }
                Ok(false) if now < *until => return Progress::Nothing,
                Ok(false) => {
                    tracing::warn!("timed out after {CONNECT_TIMEOUT:?} while connecting to {address}");
                    std::mem::take(others)
                }
                Err(error) => {
                    warn_of(*address, &error);
                    std::mem::take(others)
                }
            },
            Self::Requested { .. } | Self::Open(_) | Self::Refused => return Progress::Nothing,
        };
        *self = connect_to_first(next, now).unwrap_or(Self::Refused);
        if matches!(self, Self::Refused) { Progress::Refused } else { Progress::Connecting }
    }
}

impl End {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, has_ended: false, write_closed: false, is_full: false })
    }

    fn has_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Requests a connection of the first address of which that is possible, and does not wait for it.
fn connect_to_first(addresses: Vec<SocketAddr>, now: Instant) -> Option<Far> {
    let mut others = addresses.into_iter();
    while let Some(address) = others.next() {
        match connect_to(address) {
            Ok(end) => {
                let others = others.collect();
                return Some(Far::Connecting { end, address, others, until: now + CONNECT_TIMEOUT });
            }
            Err(error) => warn_of(address, &error),
        }
    }
    None
}

fn warn_of(address: SocketAddr, error: &io::Error) {
    tracing::warn!("the tunnel cannot connect to {address}: {}", one_line(error));
}

fn connect_to(address: SocketAddr) -> io::Result<End> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    End::new(socket.into())
}

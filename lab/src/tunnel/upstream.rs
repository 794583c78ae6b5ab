//! The server's side of a relayed connection, from the request to connect on.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

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
    /// Connecting to one address. The others are tried after it.
    Connecting { socket: PeerSocket, address: SocketAddr, others: Vec<SocketAddr>, timeout_at: Instant },
    /// The server has accepted.
    Open(PeerSocket),
    /// None of the addresses has accepted.
    Refused,
}

/// What has changed about the connection to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Unchanged,
    /// Another socket is connecting.
    Connecting,
    Connected,
    Refused,
}

impl Upstream {
    /// Requests a connection. Without `addresses`, [`resolved`](Self::resolved) has to follow.
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

    /// Returns when a turn is needed without an event on the socket.
    pub(super) fn next_due(&self) -> Option<Instant> {
        match self {
            Self::Requested { arrives_at, addresses: Some(_), .. } => Some(*arrives_at),
            Self::Connecting { timeout_at, .. } => Some(*timeout_at),
            // The resolver wakes the event loop; an open or refused connection needs no timer.
            Self::Requested { addresses: None, .. } | Self::Open(_) | Self::Refused => None,
        }
    }

    /// Returns the socket, if there is one.
    pub(super) fn socket(&self) -> Option<&PeerSocket> {
        match self {
            Self::Connecting { socket, .. } | Self::Open(socket) => Some(socket),
            Self::Requested { .. } | Self::Refused => None,
        }
    }

    /// Advances connecting as far as it goes without waiting.
    pub(super) fn advance(&mut self, now: Instant) -> Progress {
        match std::mem::replace(self, Self::Refused) {
            Self::Requested { arrives_at, addresses: Some(addresses), .. } if arrives_at <= now => {
                self.connect_to_first(addresses, now)
            }
            Self::Connecting { socket, address, others, timeout_at } => match socket.is_connected() {
                Ok(true) => {
                    *self = Self::Open(socket);
                    Progress::Connected
                }
                Ok(false) if now < timeout_at => {
                    *self = Self::Connecting { socket, address, others, timeout_at };
                    Progress::Unchanged
                }
                Ok(false) => {
                    tracing::warn!("timed out after {CONNECT_TIMEOUT:?} while connecting to {address}");
                    self.connect_to_first(others, now)
                }
                Err(error) => {
                    log_failure(address, &error);
                    self.connect_to_first(others, now)
                }
            },
            unchanged => {
                *self = unchanged;
                Progress::Unchanged
            }
        }
    }

    /// Begins to connect to the first address to which that is possible.
    fn connect_to_first(&mut self, addresses: Vec<SocketAddr>, now: Instant) -> Progress {
        let mut others = addresses.into_iter();
        while let Some(address) = others.next() {
            match PeerSocket::start_connecting(address) {
                Ok(socket) => {
                    let timeout_at = now + CONNECT_TIMEOUT;
                    *self = Self::Connecting { socket, address, others: others.collect(), timeout_at };
                    return Progress::Connecting;
                }
                Err(error) => log_failure(address, &error),
            }
        }
        *self = Self::Refused;
        Progress::Refused
    }
}

fn log_failure(address: SocketAddr, error: &io::Error) {
    tracing::warn!("the tunnel cannot connect to {address}: {}", one_line(error));
}

//! The server's address: fixed, or resolved for each connection.

use std::fmt::{self, Debug};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::lookup::{known_addresses, look_up_blocking};

use super::shared_state::SharedState;

/// A function that resolves the server's name. It may block, because it runs on a thread of its own.
pub type Lookup = Arc<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The server to which the tunnel relays: the first address that accepts.
#[derive(Clone)]
pub enum Destination {
    /// Fixed addresses.
    Addresses(Vec<SocketAddr>),
    /// A name that is resolved for each connection, since its addresses may change.
    Name {
        /// The name, for log messages.
        name: String,
        /// Returns the addresses of the name.
        lookup: Lookup,
    },
}

impl Destination {
    /// Returns the destination for a host's name or address. An address and `localhost` need no resolver.
    pub fn host(host: &str, port: u16) -> Self {
        if let Some(addresses) = known_addresses(host, port) {
            return Self::Addresses(addresses);
        }
        let name = host.to_owned();
        Self::Name { name: name.clone(), lookup: Arc::new(move || look_up_blocking(&name, port)) }
    }

    /// Returns the port of the server; `None` if only a lookup of its name tells it.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Addresses(addresses) => addresses.first().map(SocketAddr::port),
            Self::Name { .. } => None,
        }
    }
}

impl Debug for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(addresses) => formatter.debug_tuple("Addresses").field(addresses).finish(),
            Self::Name { name, .. } => formatter.debug_tuple("Name").field(name).finish(),
        }
    }
}

impl From<Vec<SocketAddr>> for Destination {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Self::Addresses(addresses)
    }
}

/// Resolves the server's name without blocking the tunnel's thread.
///
/// All connections have the same server, so one lookup serves all connections that were accepted before the lookup
/// began.
#[derive(Debug)]
pub(super) enum Resolver {
    /// There is nothing to resolve.
    Fixed(Vec<SocketAddr>),
    /// Another thread resolves the name.
    Thread {
        /// The numbers of the relays that wait for addresses.
        requests: Sender<u64>,
        results: Arc<Mutex<Vec<Resolved>>>,
    },
}

/// The result of a lookup for one relay.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The relay's number.
    pub(super) relay: u64,
    /// Empty if the lookup failed.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Resolver {
    pub(super) fn start(destination: Destination, shared_state: &Arc<SharedState>) -> io::Result<Self> {
        let (name, lookup) = match destination {
            Destination::Addresses(addresses) => return Ok(Self::Fixed(addresses)),
            Destination::Name { name, lookup } => (name, lookup),
        };
        let (requests, receiver) = channel();
        let results = Arc::new(Mutex::new(Vec::new()));
        let shared_results = Arc::clone(&results);
        let shared_state = Arc::clone(shared_state);
        // A lookup cannot be interrupted, so the thread is detached and may outlive the tunnel's thread.
        thread::Builder::new()
            .name("tunnel-lookup".to_owned())
            .spawn(move || resolve_requests(&name, &lookup, &receiver, &shared_results, &shared_state))?;
        Ok(Self::Thread { requests, results })
    }

    /// Returns the addresses for a new relay, or `None` if they are being resolved:
    /// [`take_results`](Self::take_results) returns them later.
    pub(super) fn request(&self, relay: u64) -> Option<Vec<SocketAddr>> {
        match self {
            Self::Fixed(addresses) => Some(addresses.clone()),
            Self::Thread { requests, .. } => match requests.send(relay) {
                Ok(()) => None,
                // The thread has ended, so there will be no result.
                Err(_) => Some(Vec::new()),
            },
        }
    }

    /// Returns the results of all lookups that have ended since the last call.
    pub(super) fn take_results(&self) -> Vec<Resolved> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Thread { results, .. } => {
                std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

fn resolve_requests(
    name: &str,
    lookup: &Lookup,
    requests: &Receiver<u64>,
    results: &Mutex<Vec<Resolved>>,
    shared_state: &SharedState,
) {
    while let Ok(first) = requests.recv() {
        let mut relays = vec![first];
        relays.extend(requests.try_iter());
        let addresses = lookup().unwrap_or_else(|error| {
            tracing::warn!("the tunnel cannot resolve '{name}': {}", one_line(&error));
            Vec::new()
        });
        let resolved = relays.into_iter().map(|relay| Resolved { relay, addresses: addresses.clone() });
        results.lock().unwrap_or_else(PoisonError::into_inner).extend(resolved);
        shared_state.wake();
    }
}

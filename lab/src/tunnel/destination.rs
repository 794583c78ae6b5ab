//! The far end's address: known, or looked up for each connection.

use std::fmt::{self, Debug};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use launcelot_endpoint::failure::one_line;

use super::control::Control;

/// Looks the far end up. It may take its time, on a thread of its own.
pub type Lookup = Arc<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Where the tunnel carries connections to: the first address that accepts.
#[derive(Clone)]
pub enum Destination {
    /// Addresses that never change.
    Addresses(Vec<SocketAddr>),
    /// A name that is looked up for each connection, since its addresses may change.
    Name {
        /// What it is called, for messages.
        name: String,
        /// Returns its addresses.
        lookup: Lookup,
    },
}

impl Destination {
    /// A host's name or address, and a port. An address is not looked up.
    pub fn host(host: &str, port: u16) -> Self {
        if let Ok(address) = host.parse() {
            return Self::Addresses(vec![SocketAddr::new(address, port)]);
        }
        let name = host.to_owned();
        Self::Name {
            name: name.clone(),
            lookup: Arc::new(move || Ok((name.as_str(), port).to_socket_addrs()?.collect())),
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

/// Looks the far end up for the tunnel's thread, which must not wait for that.
///
/// All connections have the same far end: one lookup, begun after they came, is enough for all that wait for one.
#[derive(Debug)]
pub(super) enum Resolver {
    /// There is nothing to look up.
    Known(Vec<SocketAddr>),
    /// Another thread looks up.
    Thread {
        /// Whose relay it is for.
        wanted: Sender<u64>,
        found: Arc<Mutex<Vec<Found>>>,
    },
}

/// The addresses of the far end, for the relay of that number. None if it was not found.
pub(super) type Found = (u64, Vec<SocketAddr>);

impl Resolver {
    pub(super) fn start(destination: Destination, control: &Arc<Control>) -> io::Result<Self> {
        let (name, lookup) = match destination {
            Destination::Addresses(addresses) => return Ok(Self::Known(addresses)),
            Destination::Name { name, lookup } => (name, lookup),
        };
        let (wanted, requests) = channel();
        let found = Arc::new(Mutex::new(Vec::new()));
        let (results, control) = (Arc::clone(&found), Arc::clone(control));
        // A lookup cannot be interrupted, so the thread is detached and may outlive the tunnel's thread.
        thread::Builder::new()
            .name("tunnel-lookup".to_owned())
            .spawn(move || look_up(&name, &lookup, &requests, &results, &control))?;
        Ok(Self::Thread { wanted, found })
    }

    /// The addresses for a new relay, if nothing needs to be looked up.
    pub(super) fn request(&self, number: u64) -> Option<Vec<SocketAddr>> {
        match self {
            Self::Known(addresses) => Some(addresses.clone()),
            Self::Thread { wanted, .. } => match wanted.send(number) {
                Ok(()) => None,
                // The thread is gone, so nothing can be found.
                Err(_) => Some(Vec::new()),
            },
        }
    }

    /// What has been found since the last time.
    pub(super) fn found(&self) -> Vec<Found> {
        match self {
            Self::Known(_) => Vec::new(),
            Self::Thread { found, .. } => std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

fn look_up(name: &str, lookup: &Lookup, requests: &Receiver<u64>, found: &Mutex<Vec<Found>>, control: &Control) {
    while let Ok(first) = requests.recv() {
        let numbers: Vec<u64> = std::iter::once(first).chain(requests.try_iter()).collect();
        let addresses = lookup().unwrap_or_else(|error| {
            tracing::warn!("the tunnel cannot find '{name}': {}", one_line(&error));
            Vec::new()
        });
        let results = numbers.into_iter().map(|number| (number, addresses.clone()));
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(results);
        control.wake();
    }
}

//! Looking up the addresses of targets.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use launcelot_endpoint::lookup::{known_addresses, look_up_blocking};

type Lookup = Shared<BoxFuture<'static, Result<Vec<IpAddr>, Failure>>>;

/// A failure of the system's resolver that several connections get.
#[derive(Debug, Clone)]
struct Failure(Arc<io::Error>);

/// Looks up names with the system's resolver, which blocks a thread for each name.
///
/// Connections that need the same name wait for the same answer. So a name server that does not answer blocks one thread
/// for each of its names, however many clients come. A clone is the same resolver.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    running: Arc<Mutex<HashMap<String, Lookup>>>,
}

impl Resolver {
    /// Returns the addresses of `host`, with `port`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Some(addresses) = known_addresses(host, port) {
            return Ok(addresses);
        }
        let lookup = self.running().entry(host.to_owned()).or_insert_with(|| self.start(host)).clone();
        let addresses = lookup.await.map_err(|Failure(error)| io::Error::new(error.kind(), error))?;
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// Starts a lookup that ends by itself, even if every connection that waits for it gives up.
    fn start(&self, host: &str) -> Lookup {
        let resolver = self.clone();
        let name = host.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            let addresses = look_up_blocking(&name, 0);
            resolver.running().remove(&name);
            addresses
        });
        let lookup = lookup.map(|ended| match ended {
            Ok(Ok(addresses)) => Ok(addresses.iter().map(SocketAddr::ip).collect()),
            Ok(Err(error)) => Err(Failure(Arc::new(error))),
            Err(error) => Err(Failure(Arc::new(io::Error::other(error)))),
        });
        lookup.boxed().shared()
    }

    /// Makes lookups of `host` never end, as for a name server that does not answer.
    #[cfg(test)]
    pub(crate) fn silence(&self, host: &str) {
        self.running().insert(host.to_owned(), std::future::pending().boxed().shared());
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_that_need_one_name_share_one_lookup() {
        let resolver = Resolver::default();
        resolver.silence("silent.example");
        for _ in 0..100 {
            assert!(resolver.look_up("silent.example", 1).now_or_never().is_none());
        }
        assert_eq!(resolver.running().len(), 1);
        assert!(resolver.look_up("192.0.2.7", 1).now_or_never().is_some(), "an address needs no lookup");
    }

    #[tokio::test]
    async fn a_lookup_that_has_ended_is_not_kept() {
        let resolver = Resolver::default();
        assert!(resolver.look_up("name.invalid", 1).await.is_err());
        assert!(resolver.running().is_empty());
    }
}

//! The state that all sessions of one server share.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection, Observer};
use rustix::net::sockopt::set_tcp_nodelay;

use crate::options::Options;
use crate::statistics::Statistics;

/// The options, statistics and observer of one server.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) options: Options,
    pub(crate) statistics: Statistics,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Service {
    pub(crate) fn new(options: &Options, statistics: &Statistics, observer: Option<Arc<dyn Observer>>) -> Arc<Self> {
        Arc::new(Self { options: options.clone(), statistics: statistics.clone(), observer })
    }

    /// Reports to the server's observer, if there is one, that a connection has just been accepted. Returns the observer of
    /// this connection. Calls `local` for the local address only if there is an observer.
    pub(crate) fn accepted(
        &self,
        client: SocketAddr,
        local: impl FnOnce() -> io::Result<SocketAddr>,
    ) -> Option<Box<dyn ConnectionObserver>> {
        let observer = self.observer.as_ref()?;
        let steps = [(Instant::now(), ConnectStep::Accepted)];
        observer.connection(&NewConnection { from: client, to: local().ok()?, query: None, steps: &steps })
    }
}

/// Disables Nagle's algorithm (`TCP_NODELAY`), so that no answer waits for the acknowledgement of the one before.
pub(crate) fn disable_nagle(socket: impl AsFd) {
    // Fails only if the client has disconnected already.
    let _ = set_tcp_nodelay(socket, true);
}

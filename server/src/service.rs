//! What all clients of one server share.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::observe::{ConnectStep, Connection, Observer, Watcher};
use rustix::net::sockopt::set_tcp_nodelay;

use crate::options::Options;
use crate::peer::Peer;
use crate::session::Session;
use crate::statistics::Statistics;

/// What was chosen, what is counted, and who watches.
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

    /// Tells the observer, if there is one, of a client that has been accepted just now. `local` finds out where.
    pub(crate) fn accepted(
        &self,
        client: SocketAddr,
        local: impl FnOnce() -> io::Result<SocketAddr>,
    ) -> Option<Box<dyn Watcher>> {
        let observer = self.observer.as_ref()?;
        let steps = [(Instant::now(), ConnectStep::Accepted)];
        observer.connection(&Connection { from: client, to: local().ok()?, query: None, steps: &steps })
    }

    /// Begins with a client that this thread has accepted, and its watcher.
    pub(crate) fn begin(self: &Arc<Self>, client: impl Into<Peer>, watcher: Option<Box<dyn Watcher>>) -> Session {
        Session::begin(client.into(), Arc::clone(self), watcher)
    }
}

/// Sees to it that an answer never waits for the acknowledgement of the one before. It fails only
/// if the client has left already.
pub(crate) fn answer_at_once(socket: impl AsFd) {
    let _ = set_tcp_nodelay(socket, true);
}

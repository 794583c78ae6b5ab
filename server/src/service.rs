//! What all clients of one server share.

use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::net::sockopt::set_tcp_nodelay;

use crate::observer::Observer;
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

    /// Begins with a client whom this thread has let in.
    pub(crate) fn begin(self: &Arc<Self>, client: impl Into<Peer>) -> Session {
        Session::begin(client.into(), Arc::clone(self))
    }
}

/// Sees to it that an answer never waits for the acknowledgement of the one before. It fails only
/// if the client has left already.
pub(crate) fn answer_at_once(socket: impl AsFd) {
    let _ = set_tcp_nodelay(socket, true);
}

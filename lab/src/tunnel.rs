//! An emulated link: a relay between TCP clients and a server that delays bytes.
//!
//! The relay emulates the link and nothing else: order is kept, bytes in flight overlap, opening a connection costs a
//! handshake if the settings say so, and a change of settings applies to bytes in flight, too. Memory is bounded by the
//! delay queues: in each direction of each connection 4 MiB of bytes, and 60,000 segments, which take some 7 MiB.
//!
//! - [`settings`]: what the link is like; [`options`]: the options that set it.
//! - `delay_queue`: the segments in flight in one direction; `segment`: the schedule of each of them.
//! - `relay`: one connection, with two sockets (`peer_socket`) and a delay queue in each direction; `upstream`: connecting
//!   to the server; `side`: client and server.
//! - `keepalive`: how the end of a client is noticed while a connection is stalled.
//! - [`handshake`]: lets clients in this process wait until a connection is open.
//! - [`destination`]: the server's address, resolved for each connection.
//! - `event_loop`: the thread that serves all connections; `poller`: how it waits.
//! - [`handle`]: shared access to a running tunnel; `shared_state`: what handles share with the thread.
//! - `added_delay`: how long the tunnel delayed bytes; [`report`]: that delay and the settings, for the lab's API.
//! - [`command_line`]: the command; `standard_input`: changes of the settings while the command runs.

mod added_delay;
pub mod command_line;
mod delay_queue;
pub mod destination;
mod event_loop;
pub mod handle;
pub mod handshake;
mod keepalive;
pub mod options;
mod peer_socket;
pub(crate) mod poller;
mod relay;
pub mod report;
mod segment;
pub mod settings;
mod shared_state;
mod side;
mod standard_input;
mod upstream;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::observe::Observer;
use socket2::TcpKeepalive;
use thiserror::Error;
use tokio::sync::Notify;

use destination::Destination;
use event_loop::EventLoop;
use keepalive::CLIENT_KEEPALIVE;
use shared_state::SharedState;

pub use handle::TunnelHandle;
pub use settings::TunnelSettings;

/// Why a tunnel fails.
#[derive(Debug, Error)]
pub enum TunnelError {
    /// The thread, its poller or its eventfd could not be created.
    #[error("cannot start the tunnel")]
    Start(#[source] io::Error),
    /// A listener is broken.
    #[error("the tunnel cannot accept connections")]
    Accept(#[source] io::Error),
    /// Waiting for events failed.
    #[error("the tunnel cannot wait for its sockets")]
    Wait(#[source] io::Error),
}

/// A tunnel on a thread of its own. Dropping the value stops the tunnel, and waits for the end of open connections, for
/// at most the grace period.
#[derive(Debug)]
pub struct Tunnel {
    /// The port at which the tunnel listens.
    pub port: u16,
    handle: TunnelHandle,
    thread: Option<JoinHandle<Result<(), TunnelError>>>,
    ended: Arc<Notify>,
}

impl Tunnel {
    /// Starts a tunnel. It relays each connection that `listeners` accept to the first address of `to` that accepts.
    /// When the tunnel stops, open connections may go on for `grace`. An `observer` is called for every connection and
    /// for all relayed bytes.
    ///
    /// # Errors
    ///
    /// See [`TunnelError`]. The tunnel starts even if the server refuses connections.
    pub fn start(
        listeners: Listeners,
        to: impl Into<Destination>,
        settings: TunnelSettings,
        grace: Duration,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, TunnelError> {
        Self::start_with_keepalive(listeners, to.into(), settings, grace, observer, CLIENT_KEEPALIVE)
    }

    /// Starts a tunnel with the settings `keepalive` for the sockets of its clients.
    fn start_with_keepalive(
        listeners: Listeners,
        to: Destination,
        settings: TunnelSettings,
        grace: Duration,
        observer: Option<Arc<dyn Observer>>,
        keepalive: TcpKeepalive,
    ) -> Result<Self, TunnelError> {
        let port = listeners.port;
        let shared_state = SharedState::new(settings).map_err(TunnelError::Start)?;
        let handle = TunnelHandle::new(port, to.port(), Arc::clone(&shared_state));
        let handshakes = Arc::clone(&handle.handshakes);
        let event_loop = EventLoop::new(listeners.sockets, to, shared_state, grace, handshakes, observer, keepalive);
        let event_loop = event_loop.map_err(TunnelError::Start)?;
        let ended = Arc::new(Notify::new());
        let notify_ended = Arc::clone(&ended);
        let run = move || {
            let result = event_loop.run();
            notify_ended.notify_one();
            result
        };
        let thread = thread::Builder::new().name("tunnel".to_owned()).spawn(run).map_err(TunnelError::Start)?;
        Ok(Self { port, handle, thread: Some(thread), ended })
    }

    /// Returns a handle, which does not keep the tunnel running.
    pub fn handle(&self) -> TunnelHandle {
        self.handle.clone()
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> TunnelSettings {
        self.handle.settings()
    }

    /// Changes the settings, also for bytes in flight, whose order is kept.
    pub fn set(&self, settings: TunnelSettings) {
        self.handle.set(settings);
    }

    /// Waits until the tunnel's thread has ended. Before [`stop`](Self::stop) is called, only a failure ends it, and `stop`
    /// returns that failure.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Stops the tunnel, and waits for the end of its thread.
    ///
    /// # Errors
    ///
    /// The failure that ended the tunnel before, if there was one.
    pub fn stop(mut self) -> Result<(), TunnelError> {
        self.handle.shared_state.stop();
        self.thread.take().map_or(Ok(()), |thread| thread.join().expect("the tunnel does not panic"))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.handle.shared_state.stop();
        if let Some(thread) = self.thread.take() {
            // `stop` is the call that returns the result.
            let _ = thread.join();
        }
    }
}

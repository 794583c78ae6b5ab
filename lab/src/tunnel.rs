//! An emulated link: a relay between TCP clients and a server that carries everything, a while later.
//!
//! What it emulates is the link and nothing else: order is kept, what is under way overlaps, a connection costs a
//! handshake if the settings say so, and a change of settings applies to what is under way too. Memory is bounded by
//! what a delay holds: on each connection each way 4 MiB, and what 60,000 pieces take to be kept, which is some 7 MiB.
//!
//! - [`wire`]: what the link is like, and presets.
//! - `delay_queue`: one direction, as a queue of what is under way.
//! - `gauge`: how long bytes are held; [`report`]: that and the settings for the lab's API.
//! - `relay`: one connection, two sockets (`side`) and a delay queue each way; `far`: how it reaches the server.
//! - [`handshake`]: tells clients in this process when a connection is open at the far end.
//! - [`destination`]: the server's address, looked up for each connection.
//! - `serve`: the thread that serves all of them; `wait`: how it waits.
//! - [`handle`]: what others may do with a tunnel; `control`: what they share with its thread.
//! - [`command_line`]: what a person types.

pub mod command_line;
mod control;
mod delay_queue;
pub mod destination;
mod far;
mod gauge;
pub mod handle;
pub mod handshake;
mod relay;
pub mod report;
mod serve;
mod side;
mod wait;
pub mod wire;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_endpoint::listen::Listeners;
use launcelot_endpoint::observe::Observer;
use thiserror::Error;
use tokio::sync::Notify;

use control::Control;
use destination::Destination;

pub use handle::TunnelHandle;
pub use wire::Wire;

/// Why a tunnel does not run.
#[derive(Debug, Error)]
pub enum TunnelError {
    /// It could not begin.
    #[error("cannot start a tunnel")]
    Start(#[source] io::Error),
    /// The system does not let it wait.
    #[error("the tunnel cannot wait for connections")]
    Wait(#[source] io::Error),
}

/// A tunnel on a thread of its own. To drop it stops it, with the grace it was given.
#[derive(Debug)]
pub struct Tunnel {
    /// Where it listens.
    pub port: u16,
    handle: TunnelHandle,
    thread: Option<JoinHandle<Result<(), TunnelError>>>,
    ended: Arc<Notify>,
}

impl Tunnel {
    /// Carries connections to `listeners` on to the first address of `to` that accepts. When it stops,
    /// open connections may go on for `grace`. If there is an `observer`, all connections and bytes are reported to it.
    ///
    /// # Errors
    ///
    /// See [`TunnelError`]. Whether the far end accepts is seen when somebody comes.
    pub fn start(
        listeners: Listeners,
        to: impl Into<Destination>,
        wire: Wire,
        grace: Duration,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, TunnelError> {
        let port = listeners.port;
        let control = Control::new(wire).map_err(TunnelError::Start)?;
        let handle = TunnelHandle::new(port, Arc::clone(&control));
        let handshakes = Arc::clone(&handle.handshakes);
        let serving = serve::Thread::new(listeners.sockets, to.into(), control, grace, handshakes, observer);
        let serving = serving.map_err(TunnelError::Start)?;
        let ended = Arc::new(Notify::new());
        let ending = Arc::clone(&ended);
        let run = move || {
            let run = serving.run();
            ending.notify_one();
            run
        };
        let thread = thread::Builder::new().name("tunnel".to_owned()).spawn(run).map_err(TunnelError::Start)?;
        Ok(Self { port, handle, thread: Some(thread), ended })
    }

    /// A handle for others, which does not keep the tunnel running.
    pub fn handle(&self) -> TunnelHandle {
        self.handle.clone()
    }

    /// The settings in force.
    pub fn wire(&self) -> Wire {
        self.handle.wire()
    }

    /// Changes the settings, for what is under way too; its order is kept.
    pub fn set(&self, wire: Wire) {
        self.handle.set(wire);
    }

    /// Waits until the tunnel's thread has ended. Before [`stop`](Self::stop) is called, only a failure ends it, which that
    /// call returns.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Stops it, and waits until it has.
    ///
    /// # Errors
    ///
    /// If it had broken before.
    pub fn stop(mut self) -> Result<(), TunnelError> {
        self.handle.control.stop();
        self.thread.take().map_or(Ok(()), |thread| thread.join().expect("the tunnel does not panic"))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.handle.control.stop();
        if let Some(thread) = self.thread.take() {
            // Who wants to know how it ended calls `stop`.
            let _ = thread.join();
        }
    }
}

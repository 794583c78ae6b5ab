//! A longer wire: a relay between TCP clients and a server that carries everything, a while later.
//!
//! It pretends to be nothing but the wire: order is kept, what is under way overlaps, and connecting
//! takes its time as well, once it has been accepted here. Memory is bounded by what a delay holds: on each
//! connection each way 4 MiB, and what 60,000 pieces take to be kept, which is some 5 MiB.
//!
//! - [`wire`]: what the wire is like, and presets.
//! - `delay_queue`: one direction, as a queue of what is under way.
//! - [`observer`]: who watches what is carried; `gauge`: how long it really takes.
//! - `relay`: one connection, two sockets and a delay queue each way.
//! - `serve`: the thread that waits for all of them.
//! - [`command_line`]: what a person types.

pub mod command_line;
mod delay_queue;
mod gauge;
pub mod observer;
mod relay;
mod serve;
pub mod wire;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::Listeners;
use launcelot_measure::WireReport;
use rustix::pipe::{PipeFlags, pipe_with};
use thiserror::Error;
use tokio::sync::Notify;

use gauge::Gauge;
use observer::Observer;
use relay::Side;

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
    settings: Arc<Mutex<Settings>>,
    /// A byte says that the wire has changed, the end that the tunnel is to stop.
    control: Option<OwnedFd>,
    thread: Option<JoinHandle<Result<(), TunnelError>>>,
    ended: Arc<Notify>,
}

impl Tunnel {
    /// Carries whoever comes to `listeners` to the first address of `to` that accepts. When it stops,
    /// open connections may go on for `grace`. If there is an `observer`, it is told of all that is carried.
    ///
    /// # Errors
    ///
    /// See [`TunnelError`]. Whether the far end accepts is seen when somebody comes.
    pub fn start(
        listeners: Listeners,
        to: Vec<SocketAddr>,
        wire: Wire,
        grace: Duration,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, TunnelError> {
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        let (pipe, control) = pipe_with(flags).map_err(|error| TunnelError::Start(error.into()))?;
        let port = listeners.port;
        let settings = Arc::new(Mutex::new(Settings { wire, gauge: Gauge::new() }));
        let heard = Control { pipe, settings: Arc::clone(&settings), grace };
        let serving = serve::Thread::new(listeners.sockets, to, heard, observer).map_err(TunnelError::Start)?;
        let ended = Arc::new(Notify::new());
        let ending = Arc::clone(&ended);
        let run = move || {
            let run = serving.run();
            ending.notify_one();
            run
        };
        let thread = thread::Builder::new().name("tunnel".to_owned()).spawn(run).map_err(TunnelError::Start)?;
        Ok(Self { port, settings, control: Some(control), thread: Some(thread), ended })
    }

    /// Waits until it carries nothing any more, which is before it is told to stop only if it breaks: [`stop`](Self::stop)
    /// says why.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// What the wire is like.
    pub fn wire(&self) -> Wire {
        lock(&self.settings).wire
    }

    /// How long and wide the wire is, as it is set and as it was measured since.
    pub fn report(&self) -> WireReport {
        let settings = lock(&self.settings);
        WireReport { port: self.port, wire: settings.wire.length, measured: settings.gauge.measured() }
    }

    /// Changes the wire, for what is sent from now on. What is under way arrives when it would have.
    pub fn set(&self, wire: Wire) {
        *lock(&self.settings) = Settings { wire, gauge: Gauge::new() };
        if let Some(control) = &self.control {
            // It fails only if the tunnel has been told already and has not listened yet.
            let _ = rustix::io::write(control, &[0]);
        }
    }

    /// Stops it, and waits until it has.
    ///
    /// # Errors
    ///
    /// If it had broken before.
    pub fn stop(mut self) -> Result<(), TunnelError> {
        self.control = None;
        self.thread.take().map_or(Ok(()), |thread| thread.join().expect("the tunnel does not panic"))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.control = None;
        if let Some(thread) = self.thread.take() {
            // Who wants to know how it ended calls `stop`.
            let _ = thread.join();
        }
    }
}

/// What the thread of a tunnel hears from whoever holds it.
struct Control {
    pipe: OwnedFd,
    settings: Arc<Mutex<Settings>>,
    grace: Duration,
}

/// What the wire is like, and how long it was found to be since it is like that.
#[derive(Debug)]
struct Settings {
    wire: Wire,
    gauge: Gauge,
}

fn lock(settings: &Mutex<Settings>) -> MutexGuard<'_, Settings> {
    settings.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    fn wire(&self) -> Wire {
        lock(&self.settings).wire
    }

    /// Takes note of how long something was under way that a side sent.
    fn consumed(&self, sender: Side, read_at: Instant, handed_on: Instant) {
        lock(&self.settings).gauge.consumed(sender, read_at, handed_on);
    }

    /// Hears what was said, which is that the wire has changed, or that it is the end.
    fn is_to_stop(&self) -> bool {
        rustix::io::read(&self.pipe, &mut [0; 64]) == Ok(0)
    }
}

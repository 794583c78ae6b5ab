//! The engine: it generates the load of one cycle, and counts what comes of it.
//!
//! One thread serves all clients with non-blocking sockets and epoll, so that a load takes one processor and leaves the others to
//! the server.
//!
//! - `dialogue`: what one client does, decided without I/O.
//! - `recorder`: what is counted, and which of it belongs to the window.
//! - `event_loop`: the thread that serves all clients. `stages`: ramp, window, and what follows. `pacing`: when dialogues begin.
//! - `connector`: how connections are made, and why they fail. `connection`: one of them. `web_socket`: those
//!   to a bridge. `ports`: the local ports that they use.
//! - `arrivals`: the times of an open loop. `deadlines`: timeouts and pauses.

mod arrivals;
mod connection;
mod connector;
mod deadlines;
mod dialogue;
mod event_loop;
mod pacing;
pub(super) mod ports;
mod recorder;
mod stages;
mod web_socket;

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use launcelot_endpoint::scheduling;
use thiserror::Error;

use super::cycle::{CycleSettings, EarlyEnd, EngineEvent};
use event_loop::EventLoop;

/// Why no load was generated. What happens to a client is counted instead.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The thread of the engine did not start.
    #[error("cannot start a thread that generates load")]
    Thread(#[source] io::Error),
    /// The system refused to wait for the clients' sockets.
    #[error("cannot wait for the sockets of the load")]
    Wait(#[from] io::Error),
    /// The target has no address.
    #[error("the target of the load has no address")]
    NoAddress,
    /// The URL of a bridge is not valid.
    #[error("'{0}' is not the URL of a WebSocket")]
    Url(String),
}

/// Generates the load of a cycle on a thread of its own, and returns when the cycle is over.
///
/// Failures of clients are counted and never end the cycle.
///
/// # Errors
///
/// Returns an error if the engine itself cannot work.
pub fn run_cycle(settings: &CycleSettings, events: &Sender<EngineEvent>, stop: &EarlyEnd) -> Result<(), EngineError> {
    thread::scope(|scope| {
        let generate = || {
            scheduling::wake_punctually();
            EventLoop::new(settings, events, stop)?.run()
        };
        let thread = thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, generate);
        let thread = thread.map_err(EngineError::Thread)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

//! The recorder: it observes bridge, tunnel and server, and keeps a trace of each dialogue. All three run in this
//! process, so all times are from one clock.
//!
//! The hops do not know each other, and their threads report a connection in any order. The recorder joins the reports by
//! the addresses of both ends of a connection, which the hops at both ends know. One address is not enough: a port may be
//! in use at the same time for connections to two servers.
//!
//! A dialogue through the bridge is identified by the name in the URL of its WebSocket (`/ws?dialogue=NAME`), and is
//! not recorded without a name. Any other dialogue is identified by its client's address. Of a series of rounds
//! (`/ws?series=NAME`), no events are kept, but the sum of the server's thinking over all connections.
//!
//! - `connection_log`: the events of one connection at one hop; `thinking`: the sum of a server's thinking.
//! - `dialogue`: the connections of one dialogue, and its trace.
//! - `trace_store`: the latest dialogues. The store is locked when a connection begins or ends, when the tunnel's
//!   settings change, and for a request; never to record the bytes of a question or an answer.
//! - `hops`: the observer of each hop.

mod connection_log;
mod dialogue;
mod hops;
mod thinking;
mod trace_store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use launcelot_measure::Trace;

pub use thinking::Thinking;
use trace_store::TraceStore;

/// A handle of the recorder, which has an observer for each hop. Clones share one trace store.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    store: Arc<Mutex<TraceStore>>,
}

/// The tunnel's settings and handshake during a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelTransit {
    /// The revision of the settings when the tunnel accepted the connection.
    pub first_revision: u64,
    /// The latest revision of the settings while the connection was open. It differs from `first_revision` if the
    /// settings changed during the dialogue.
    pub last_revision: u64,
    /// How long the emulated handshake took. `None` if the settings have no handshake, or before its end.
    pub handshake: Option<Duration>,
}

impl Recorder {
    /// Returns the trace of the newest dialogue with this name: the name in the URL of its WebSocket, or its client's
    /// address. With `to`, only dialogues whose client connected to that port are considered.
    pub fn trace(&self, name: &str, to: Option<u16>) -> Option<Trace> {
        // Reading the logs may wait for announced events, so the store is unlocked first.
        let dialogue = self.store().dialogue(name, to)?;
        Some(dialogue.trace())
    }

    /// Returns the tunnel's settings and handshake during the dialogue that [`trace`](Self::trace) selects; `None` if
    /// it did not go through the tunnel.
    pub fn transit(&self, name: &str, to: Option<u16>) -> Option<TunnelTransit> {
        self.store().transit(name, to)
    }

    /// Returns the sum of the server's thinking over all connections of a series.
    pub fn thinking(&self, series: &str) -> Option<Thinking> {
        let dialogue = self.store().series(series)?;
        Some(dialogue.thinking())
    }

    fn store(&self) -> MutexGuard<'_, TraceStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

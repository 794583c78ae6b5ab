//! The recorder: it observes bridge, tunnel and server, and keeps a trace of each dialogue, by their common clock.
//!
//! The hops do not know each other, and their threads report a connection in any order. The recorder joins the reports by
//! the addresses of both ends of a connection, which the hops at both ends know. One address is not enough: a port may be
//! in use at the same time for connections to two servers.
//!
//! A dialogue through the bridge is identified by the name in its URL (`/ws?dialogue=NAME`), and is not recorded without
//! one. Any other dialogue is identified by its client's address. The events of a series of rounds (`/ws?series=NAME`)
//! are not kept, but the sum of the server's thinking over all connections of the series.
//!
//! - `connection_log`: the events of one connection at one hop; `thinking`: the sum of a server's thinking.
//! - `dialogue`: the connections of one dialogue, and its trace.
//! - `trace_store`: the latest dialogues. It is locked when a connection begins or ends, and for a trace; never while a
//!   question is relayed.
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

/// Records the events of all hops, each with an observer of its own. Clones share one trace store.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    store: Arc<Mutex<TraceStore>>,
}

/// How a dialogue went through the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelTransit {
    /// The revision of the settings when it began.
    pub first_revision: u64,
    /// The revision of the settings when it ended, or now. If it differs from the first, the link changed meanwhile.
    pub last_revision: u64,
    /// How long the handshake took. `None` without a handshake, or before its end.
    pub handshake: Option<Duration>,
}

impl Recorder {
    /// Returns the trace of the newest dialogue with this name, which is the one in its URL or its client's address. With
    /// `to`, its client must have connected to that port.
    pub fn trace(&self, name: &str, to: Option<u16>) -> Option<Trace> {
        // Reading the logs may wait for announced events, so the store is unlocked first.
        let dialogue = self.store().dialogue(name, to)?;
        Some(dialogue.trace())
    }

    /// Returns how that dialogue went through the tunnel, or `None` if it did not.
    pub fn transit(&self, name: &str, to: Option<u16>) -> Option<TunnelTransit> {
        self.store().transit(name, to)
    }

    /// Returns the server's thinking about the questions of a series.
    pub fn thinking(&self, series: &str) -> Option<Thinking> {
        let dialogue = self.store().series(series)?;
        Some(dialogue.thinking())
    }

    fn store(&self) -> MutexGuard<'_, TraceStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

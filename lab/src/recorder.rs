//! Records what the hops in this process see of each dialogue, by the one clock that they share.
//!
//! Bridge, tunnel and server do not know each other, and their threads report a connection in any order.
//! Addresses join them: a connection is known by the addresses of both its ends, which the hops at both ends report. One
//! address is not enough: the same port may be in use at the same time towards two servers.
//!
//! A dialogue through the bridge is known by the name that its URL gives it (`/ws?dialogue=NAME`), and is
//! not recorded without one. Any other is known by its client's address. Of a series of rounds (`/ws?series=NAME`), over one
//! connection or many, no events are kept: only the server is watched, and how long it thinks is summed up.
//!
//! - `connection_log`: what was seen of one connection, in memory of its own; `thinking` sums the server's thinking up.
//! - `trace_store`: the dialogues, and which connections belong to which of them. It is asked when a connection
//!   begins or ends, and for a trace; never on the way of a question.
//! - `hops`: the recorder as each hop's observer.

mod connection_log;
mod hops;
mod thinking;
mod trace_store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use launcelot_measure::Trace;

pub use thinking::Thinking;
use trace_store::TraceStore;

/// An observer of all hops. Clones record into the same store.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    store: Arc<Mutex<TraceStore>>,
}

/// How a dialogue went through the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// The revision of the settings when it began.
    pub first_revision: u64,
    /// The revision of the settings when it ended, or now. What spans two links is not to be compared.
    pub last_revision: u64,
    /// How long the tunnel held the connection before it was open. `None` without a handshake, or before its end.
    pub handshake: Option<Duration>,
}

impl Recorder {
    /// Returns what was seen of the newest dialogue of that name: the one in its URL, or its client's address. If there is
    /// a port `to`, it is one whose client had connected to that port.
    pub fn trace(&self, name: &str, to: Option<u16>) -> Option<Trace> {
        self.store().trace(name, to)
    }

    /// Returns how that dialogue went through the tunnel, if it did.
    pub fn passage(&self, name: &str, to: Option<u16>) -> Option<Passage> {
        self.store().passage(name, to)
    }

    /// Returns how long the server thought about the questions of the series of that name.
    pub fn thinking(&self, series: &str) -> Option<Thinking> {
        self.store().thinking(series)
    }

    fn store(&self) -> MutexGuard<'_, TraceStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

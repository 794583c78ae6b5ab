//! Records what the hops in this process see of each dialogue, by the one clock that they share.
//!
//! Bridge, tunnel and server do not know each other, and their threads report a connection in any order.
//! Addresses join them: one hop's own address on the way to the next is what the next one
//! calls its client's.
//!
//! A dialogue through the bridge is known by the name that its URL gives it (`/ws?dialogue=NAME`), and is
//! not recorded without one. Any other is known by its client's address.
//!
//! - `connection_log`: what was seen of one connection, in memory of its own.
//! - `trace_store`: the dialogues, and which connections belong to which of them. It is asked when a connection
//!   begins or ends, and for a trace; never on the way of a question.
//! - `hops`: the recorder as each hop's observer.

mod connection_log;
mod hops;
mod trace_store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use launcelot_measure::Trace;

use trace_store::TraceStore;

/// An observer of all hops. Clones record into the same store.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    store: Arc<Mutex<TraceStore>>,
}

impl Recorder {
    /// Returns what was seen of the newest dialogue of that name: the one in its URL, or its client's address.
    pub fn trace(&self, name: &str) -> Option<Trace> {
        self.store().trace(name)
    }

    fn store(&self) -> MutexGuard<'_, TraceStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

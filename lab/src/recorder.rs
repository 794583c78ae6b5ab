//! Writes down what the stations of this process see of each dialogue, by the one clock that they share.
//!
//! Bridge, tunnel and server do not know each other, and their threads tell of a connection in any order.
//! What joins them is addresses: one station's own address on the way to the next is what the next one
//! calls its client's.
//!
//! A dialogue through the bridge is known by the name that its URL gives it (`/ws?dialogue=NAME`), and is
//! not written down without one. Any other is known by its client's address.
//!
//! - `book`: the dialogues, which connection belongs to which, and what was seen.
//! - `stations`: the recorder as each station's observer.

mod book;
mod stations;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use launcelot_measure::Trace;

use book::Book;

/// Watches stations. Clones write into the same book.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    book: Arc<Mutex<Book>>,
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
    /// What was seen of the newest dialogue of that name: the one in its URL, or its client's address.
    pub fn trace(&self, name: &str) -> Option<Trace> {
        self.book().trace(name)
    }

    /// How the newest dialogue of that name went through the tunnel, if it did.
    pub fn passage(&self, name: &str) -> Option<Passage> {
        self.book().passage(name)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

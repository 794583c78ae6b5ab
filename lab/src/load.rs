//! Load on a Launcelot server: many connections that ask, with every answer checked byte for byte.
//!
//! - [`command_line`]: the command, with its [`options`]; [`conductor`]: one cycle after the other.
//! - [`server_under_test`]: a server from its start to its end; `processes`: what its processes have used.
//! - [`cycle`]: what the engine does in a cycle; [`engine`]: the load generator.
//! - [`results_folder`]: the files of a run; [`provenance`]: where it was measured.
//! - `progress`: what a person sees meanwhile; [`table`]: what remains on the terminal.
//! - [`html`], [`markdown`] and [`csv`]: reports on results. They show the same [`figures`] in the same `tables`.
//!
//! The load of `bench server`:
//!
//! - [`closed_loop`]: each connection keeps so many questions in flight and asks again when they are
//!   answered. It finds out how much a server can do.
//! - [`open_loop`]: each connection asks at a rate, whatever the server does. It finds out how long
//!   somebody waits who does not come slower because the server is slow.
//! - [`outcome`]: what both of them find out.
//!
//! Beneath them `crowd` holds the connections in one epoll, `connection` is one of them, and `words`
//! is what is said on it. All of it is one thread, so that a load takes one processor and no more.
//!
//! Some designs serve only some of their clients at a time. The others are connected and never
//! answered; that is a result ([`Outcome::served`]) and not a failure.

pub mod closed_loop;
pub mod command_line;
pub mod conductor;
mod connection;
mod crowd;
pub mod csv;
pub mod cycle;
pub mod engine;
pub mod figures;
pub mod html;
pub mod markdown;
pub mod open_loop;
pub mod options;
pub mod outcome;
pub(crate) mod processes;
mod progress;
pub mod provenance;
pub mod results_folder;
pub mod server_under_test;
pub mod table;
mod tables;
mod words;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

pub use closed_loop::ClosedLoop;
pub use open_loop::OpenLoop;
pub use outcome::Outcome;

/// How long nobody may be answered until the server counts as stuck. Far above any wait that a
/// measurement is after.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Why a load was broken off.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A connection could not be made.
    #[error("cannot connect to {to}")]
    Connect {
        /// Who was called.
        to: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server closed a connection on which it had been asked.
    #[error("{by} closed a connection after {answered} answers")]
    Closed {
        /// Who did it.
        by: SocketAddr,
        /// How many answers had come on that connection.
        answered: u64,
    },
    /// A connection broke.
    #[error("a connection to {to} broke")]
    Broken {
        /// The other end.
        to: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server said something else than the answer.
    #[error("{by} said {heard:?} where {expected:?} should come")]
    Wrong {
        /// Who said it.
        by: SocketAddr,
        /// What came, from the answer on that is wrong.
        heard: String,
        /// What should have come there; nothing, if nothing had been asked.
        expected: String,
    },
    /// Nobody was answered for [`PATIENCE`].
    #[error("{by} answered nobody for {} seconds", PATIENCE.as_secs())]
    Stuck {
        /// Who did not answer.
        by: SocketAddr,
    },
    /// The system refuses to wait for the connections.
    #[error("cannot wait for {clients} connections")]
    Wait {
        /// How many there were.
        clients: usize,
        /// What the system says.
        source: io::Error,
    },
}

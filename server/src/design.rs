//! The names of the server designs.

use clap::ValueEnum;

/// How a server waits for the clients of its listeners.
///
/// A server for a single client, [`converse`](crate::converse), has no listeners and needs no design.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// One client at a time, until it disconnects; all others wait
    Simple,
    /// All clients at once: one thread, which waits for all sockets with poll(2)
    Poll,
    /// All clients at once: one thread per client
    Threads,
    /// One client per worker: a fixed pool of threads that all accept
    Workers,
    /// One client per worker: a fixed pool of processes; one that dies is replaced at once
    Processes,
    /// All clients at once: one task per client, a few threads run the tasks
    #[default]
    Async,
    /// All clients at once: one task per client, and one thread per processor with its own tasks
    PerCore,
}

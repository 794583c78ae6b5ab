//! The errors that end a server.

use std::io;

use thiserror::Error;

/// An error that ends a server. Nothing that a client does causes one.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The server cannot start, for example because the system has no threads, descriptors or memory left for it.
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    /// The system refuses to wait for events.
    #[error("cannot wait for events on sockets")]
    Wait(#[source] io::Error),
    /// A listener has failed for good: its descriptor does not listen.
    #[error("cannot accept connections")]
    Accept(#[source] io::Error),
}

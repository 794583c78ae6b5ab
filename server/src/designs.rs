//! The designs: the ways in which a server can wait for its clients.
//!
//! All of them hold the same [conversation](launcelot_protocol::Conversation) and behave alike
//! towards one client. They differ in what many clients at once have to wait for.

mod async_tasks;
pub(crate) mod inetd;
mod per_core;
mod poll;
mod processes;
mod simple;
mod threads;
mod workers;

use std::sync::Arc;

use clap::ValueEnum;
use launcelot_endpoint::listen::Listeners;
pub(crate) use simple::one_at_a_time;

use crate::ServeError;
use crate::service::Service;
use crate::stop::Stop;

/// How a server waits for the clients of its listeners. One design more, [`converse`](crate::converse),
/// has no listeners: somebody else waits for its client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// One client at a time, from its first question to its going; all others wait
    Simple,
    /// Every client at once: one thread, which asks the kernel who has something to say
    Poll,
    /// Every client at once: a thread of the system each
    Threads,
    /// As many clients at once as there are workers: a fixed pool of threads that all accept
    Workers,
    /// The same with a fixed pool of processes; one that dies is replaced at once
    Processes,
    /// Every client at once: a small task each, which a few threads share
    #[default]
    Async,
    /// Every client at once: a small task each, on one of as many threads as there are processors
    PerCore,
}

impl Design {
    pub(crate) fn serve(self, listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
        match self {
            Self::Simple => simple::serve(listeners, service, stop),
            Self::Poll => poll::serve(listeners, service, stop),
            Self::Threads => threads::serve(listeners, service, stop),
            Self::Workers => workers::serve(listeners, service, stop),
            Self::Processes => processes::serve(listeners, service, stop),
            Self::Async => async_tasks::serve(listeners, service, stop),
            Self::PerCore => per_core::serve(listeners, service, stop),
        }
    }
}

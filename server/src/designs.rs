//! The designs: the ways in which a server can wait for its clients.
//!
//! All of them hold the same [conversation](launcelot_protocol::Conversation) and behave alike
//! towards one client. They differ in what many clients at once have to wait for.

mod async_tasks;
mod simple;
mod threads;
mod workers;

use clap::ValueEnum;
use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::options::Options;
use crate::stop::Stop;

/// How a server waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// Every client at once: one small task each, on a thread for each processor
    #[default]
    Async,
    /// One client at a time, from its first question to its going; all others wait
    Simple,
    /// Every client at once: a thread of the system each
    Threads,
    /// As many clients at once as there are workers: a fixed pool of threads that all accept
    Workers,
}

impl Design {
    pub(crate) fn serve(self, listeners: Listeners, options: &Options, stop: &Stop) -> Result<(), ServeError> {
        match self {
            Self::Async => async_tasks::serve(listeners, options, stop),
            Self::Simple => simple::serve(listeners, options, stop),
            Self::Threads => threads::serve(listeners, options, stop),
            Self::Workers => workers::serve(listeners, options, stop),
        }
    }
}

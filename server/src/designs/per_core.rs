//! Every client at once, each in a task on one thread, and a thread for each processor.
//!
//! Each thread has a runtime and listeners of its own: the kernel deals the clients who come to one
//! port out among them (`SO_REUSEPORT`), and a client stays with its thread until it leaves. Threads
//! share nothing but the limit of connections, so none waits for another; but under load clients wait
//! for their own thread, even while another is idle, for nobody carries them over. Work on an answer
//! is waited for in the task, while its thread serves others.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, available_parallelism};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use tokio::runtime::{Builder, Runtime};

use crate::ServeError;
use crate::runtime::{self, Room};
use crate::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let room = &Room::new(&service.options);
    let first = Core::new(listeners)?;
    // All listen before the first client is let in, for the kernel deals out among those who do.
    let others = first.siblings(service.options.threads.map_or_else(processors, |count| count.get() as usize));
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for core in others {
            let serve = move || core.serve(room, service, stop);
            match thread::Builder::new().name("core".to_owned()).spawn_scoped(scope, serve) {
                Ok(thread) => threads.push(thread),
                Err(error) => tracing::warn!("a thread less than wanted can start: {}", one_line(&error)),
            }
        }
        let first = first.serve(room, service, stop);
        threads.into_iter().map(|thread| thread.join().expect("threads do not panic")).fold(first, Result::and)
    })
}

/// What one thread has for itself.
struct Core {
    runtime: Runtime,
    listeners: Listeners,
}

impl Core {
    fn new(listeners: Listeners) -> Result<Self, ServeError> {
        Ok(Self { runtime: runtime::build(&mut Builder::new_current_thread())?, listeners })
    }

    /// Those beside it when there are to be `count`; fewer if the system has no room for more.
    fn siblings(&self, count: usize) -> Vec<Self> {
        let mut siblings = Vec::new();
        for number in 2..=count {
            match self.listeners.sibling().map_err(ServeError::Start).and_then(Self::new) {
                Ok(sibling) => siblings.push(sibling),
                Err(error) => {
                    tracing::warn!("only {} of {count} threads can serve: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        siblings
    }

    fn serve(self, room: &Room, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
        self.runtime.block_on(runtime::serve(self.listeners, room, service, stop))
    }
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

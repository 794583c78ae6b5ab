//! Every client at once, each in a task of its own.
//!
//! All tasks wait in one place, the kernel's epoll, which costs a waiting client no thread and no
//! buffer. A few threads take turns at whichever tasks have something to read, so under load clients
//! wait for a thread and never for each other. Clients who come at the limit of connections wait in
//! the listener's backlog until one leaves. Work on an answer is waited for as a database would be:
//! in the task, while its thread serves others.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use launcelot_endpoint::listen::Listeners;
use tokio::runtime::Builder;

use crate::ServeError;
use crate::runtime::{self, Room};
use crate::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let mut builder = match service.options.threads.map_or_else(half_of_the_processors, |count| count.get() as usize) {
        1 => Builder::new_current_thread(),
        // The thread that calls lets clients in, and is none of them.
        count => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(count).thread_name("async worker");
            builder
        }
    };
    let runtime = runtime::build(&mut builder)?;
    // To drop the runtime drops its tasks: the conversations that the grace was too short for.
    let room = Room::new(&service.options);
    let requested = runtime::requested(&runtime, stop)?;
    runtime.block_on(runtime::serve(listeners, requested, &room, service))
}

/// A thread that serves is rarely the one that has too much to do: the kernel is, and it works for
/// the clients on the other processors meanwhile. With a thread for every processor of two, each
/// question cost 1.2 to 1.4 times as much processor time, because more threads are woken more often
/// to find less to do.
fn half_of_the_processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2)
}

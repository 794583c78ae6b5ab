//! All clients at once: one task per client.
//!
//! All tasks wait together in the kernel's epoll, so a waiting client needs no thread and no buffers. A few threads run
//! the tasks that have something to read: under load clients wait for a thread, not for each other. At the limit of
//! connections further clients wait in the listener's backlog. Simulated work waits in the task, as for a database,
//! while the thread serves other clients.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use launcelot_endpoint::accept::Acceptor;
use launcelot_endpoint::limit::ConnectionLimit;
use launcelot_endpoint::listen::Listeners;
use tokio::runtime::Builder;

use crate::error::ServeError;
use crate::runtime::{self, accept_loop};
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let threads = match service.options.threads {
        Some(count) => count.get() as usize,
        None => half_of_the_processors(),
    };
    let mut builder = if threads == 1 {
        Builder::new_current_thread()
    } else {
        // The calling thread runs only the accept loop and is not counted.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads).thread_name("async worker");
        builder
    };
    let runtime = runtime::build(&mut builder)?;
    let requested = runtime::requested(&runtime, stop)?;
    let limit = ConnectionLimit::new(service.options.max_connections);
    // When the runtime is dropped, so are the tasks that did not end within the grace period.
    runtime.block_on(async {
        let acceptor = Acceptor::new(listeners).map_err(ServeError::Start)?;
        runtime::serve(accept_loop(acceptor, &limit, service), requested, &limit, service).await
    })
}

/// Returns the default number of threads. The bottleneck is rarely a serving thread: it is the kernel, which works for the
/// clients on the other processors meanwhile. On a machine with two processors, two threads took 1.2 to 1.4 times as much
/// processor time per question as one, because threads were woken more often to find less to do.
fn half_of_the_processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2)
}

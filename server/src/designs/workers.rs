//! As many clients at once as there are workers: a fixed pool of threads that all accept.
//!
//! Each worker is a simple server of its own at the same door: it waits for a client, then for that
//! client's questions until it leaves, and only then for the next client. A client who comes wakes
//! every worker who waits at the door, and the first of them takes it. Under load, when every worker
//! has its client, all others wait in the listener's backlog, however little those inside ask: the
//! number of workers is the natural limit of connections.

use std::sync::Arc;
use std::thread;

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::blocking::Door;
use crate::designs::simple::one_at_a_time;
use crate::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let count = service.options.workers.min(service.options.max_connections).get();
    // The last worker who leaves the door closes it, and when told to stop each does so at once.
    let door = Door::new(listeners, service);
    thread::scope(|scope| {
        let mut workers = Vec::new();
        // The first is this thread, so that a pool which the system lets grow no further still works.
        for number in 2..=count {
            let door = door.clone();
            let worker = move || one_at_a_time(door, service, stop);
            match thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, worker) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    tracing::warn!("only {} of {count} workers can start: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let first = one_at_a_time(door, service, stop);
        workers.into_iter().map(|worker| worker.join().expect("workers do not panic")).fold(first, Result::and)
    })
}

//! A fixed pool of threads that all accept from the same listeners; each serves one client at a time.
//!
//! Each worker is a simple server: it waits for a client, then for that client's questions until it disconnects, and
//! only then for the next client. A new connection wakes every idle worker, and the first to call `accept(2)` gets it.
//! Under load, when every worker has a client, all others wait in the listener's backlog, even if the clients being
//! served are silent. The number of workers limits the number of connections.

use std::sync::Arc;
use std::thread;

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::blocking::acceptor::Acceptor;
use crate::designs::simple::serve_one_at_a_time;
use crate::error::ServeError;
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let count = service.options.workers.min(service.options.max_connections).get();
    // The listeners close when the last worker drops its acceptor. When the stop is requested, each worker drops it at once.
    let acceptor = Acceptor::new(listeners, service);
    thread::scope(|scope| {
        let mut workers = Vec::new();
        // This thread is the first worker, so the pool works even if the system refuses further threads.
        for number in 2..=count {
            let acceptor = acceptor.clone();
            let worker = move || serve_one_at_a_time(acceptor, service, stop);
            match thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, worker) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    tracing::warn!("started only {} of {count} worker threads: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let mut result = serve_one_at_a_time(acceptor, service, stop);
        for worker in workers {
            result = result.and(worker.join().expect("workers do not panic"));
        }
        result
    })
}

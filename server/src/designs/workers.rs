//! As many clients at once as there are workers: a fixed pool of threads that all accept.
//!
//! Each worker is a simple server of its own at the same door: it waits for a client, then for that
//! client's questions until it leaves, and only then for the next client. A client who comes wakes
//! every worker who waits at the door, and the first of them takes it. Under load, when every worker
//! has its client, all others wait in the listener's backlog, however little those inside ask: the
//! number of workers is the natural limit of connections.

use std::thread;

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::ServeError;
use crate::blocking::{Attended, Door};
use crate::options::Options;
use crate::session::Scratch;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, options: &Options, stop: &Stop) -> Result<(), ServeError> {
    let count = options.workers.min(options.max_connections).get();
    let door = Door::new(listeners, options);
    thread::scope(|scope| {
        let mut workers = Vec::new();
        // The first is this thread, so that a pool which the system lets grow no further still works.
        for number in 2..=count {
            let door = door.clone();
            let worker = move || work(door, options, stop);
            match thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, worker) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    tracing::warn!("only {} of {count} workers can start: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let first = work(door, options, stop);
        workers.into_iter().map(|worker| worker.join().expect("workers do not panic")).fold(first, Result::and)
    })
}

fn work(mut door: Door<'_>, options: &Options, stop: &Stop) -> Result<(), ServeError> {
    let mut scratch = Scratch::default();
    while let Some(mut client) = door.next_client(stop)? {
        if client.attend(stop, &mut scratch)? == Attended::UntilStop {
            // The last worker who leaves the door closes it, and each does so at once.
            drop(door);
            return client.attend_for(options.grace, &mut scratch);
        }
    }
    Ok(())
}

//! All clients at once: one task per client, and one thread per processor with its own tasks.
//!
//! Each thread has its own runtime and listeners. The kernel distributes new connections among the threads
//! (`SO_REUSEPORT`), and a client stays with its thread until it disconnects. Threads share nothing but the limit of
//! connections, so none waits for another. Under load clients wait for their own thread even while another is idle,
//! because tasks never move (no work stealing). Simulated work waits in the task, while the thread serves other clients.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle, available_parallelism};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use tokio::runtime::{Builder, Runtime};

use crate::error::ServeError;
use crate::runtime::acceptor::Acceptor;
use crate::runtime::limit::ConnectionLimit;
use crate::runtime::{self, accept_loop};
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let count = match service.options.threads {
        Some(count) => count.get() as usize,
        None => available_parallelism().map_or(1, NonZeroUsize::get),
    };
    let limit = ConnectionLimit::new(&service.options);
    let first = Core::new(stop, &limit, service)?;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 2..=count {
            let core = Core::new(stop, &limit, service);
            match core.and_then(|core| start_thread(scope, &listeners, core)) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    tracing::warn!("started only {} of {count} threads: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let mut result = first.serve(listeners);
        for thread in threads {
            result = result.and(thread.join().expect("threads do not panic"));
        }
        result
    })
}

/// Starts a thread with listeners of its own. They are created last, when nothing else can fail: closing them again would
/// reset the connections in their backlogs.
fn start_thread<'scope, R>(
    scope: &'scope Scope<'scope, '_>,
    listeners: &Listeners,
    core: Core<'scope, R>,
) -> Result<ScopedJoinHandle<'scope, Result<(), ServeError>>, ServeError>
where
    R: Future<Output = io::Result<()>> + Send + 'scope,
{
    let (sender, receiver) = mpsc::channel();
    let run = move || match receiver.recv() {
        Ok(listeners) => core.serve(listeners),
        Err(_) => Ok(()),
    };
    let thread = thread::Builder::new().name("core".to_owned()).spawn_scoped(scope, run).map_err(ServeError::Start)?;
    let siblings = listeners.sibling().map_err(ServeError::Start)?;
    sender.send(siblings).expect("the thread waits for its listeners");
    Ok(thread)
}

/// The runtime of one thread.
struct Core<'a, R> {
    runtime: Runtime,
    requested: R,
    limit: &'a ConnectionLimit,
    service: &'a Arc<Service>,
}

impl<'a> Core<'a, ()> {
    fn new(
        stop: &Stop,
        limit: &'a ConnectionLimit,
        service: &'a Arc<Service>,
    ) -> Result<Core<'a, impl Future<Output = io::Result<()>> + Send + use<>>, ServeError> {
        let runtime = runtime::build(&mut Builder::new_current_thread())?;
        let requested = runtime::requested(&runtime, stop)?;
        Ok(Core { runtime, requested, limit, service })
    }
}

impl<R: Future<Output = io::Result<()>>> Core<'_, R> {
    fn serve(self, listeners: Listeners) -> Result<(), ServeError> {
        let Self { runtime, requested, limit, service } = self;
        runtime.block_on(async {
            let acceptor = Acceptor::new(listeners)?;
            runtime::serve(accept_loop(acceptor, limit, service), requested, limit, service).await
        })
    }
}

//! All clients at once: one task per client, and one thread per processor with its own tasks.
//!
//! Each thread has its own runtime, and a client stays with its thread until it disconnects. Threads share nothing but
//! the limit of connections, so none waits for another. Under load clients wait for their own thread even while another
//! is idle, because tasks never move (no work stealing). Simulated work waits in the task, while the thread serves
//! other clients.
//!
//! Each thread listens on the same port, and the kernel distributes new connections among the threads
//! (`SO_REUSEPORT`). Listeners that were handed over to this process, by systemd for example, allow no further
//! listeners on their port: binding it can need privileges that this process lacks, and connections in the backlogs of
//! further listeners would be reset when this process restarts. In this case the first thread accepts for all and
//! distributes the connections round-robin.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle, available_parallelism};

use launcelot_endpoint::accept::Acceptor;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::ConnectionLimit;
use launcelot_endpoint::listen::Listeners;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::ServeError;
use crate::runtime;
use crate::runtime::distributor::{Detached, accept_and_distribute, receive_loop};
use crate::session::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let count = match service.options.threads {
        Some(count) => count.get() as usize,
        None => available_parallelism().map_or(1, NonZeroUsize::get),
    };
    let limit = ConnectionLimit::new(service.options.max_connections);
    let first = Core::new(stop, &limit, service)?;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        let mut channels = Vec::new();
        for number in 2..=count {
            let core = Core::new(stop, &limit, service);
            match core.and_then(|core| start_thread(scope, &listeners, core)) {
                Ok(Started { thread, channel }) => {
                    threads.push(thread);
                    channels.extend(channel);
                }
                Err(error) => {
                    tracing::warn!("started only {} of {count} threads: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let mut result = first.serve(Source::Listeners { listeners, channels });
        for thread in threads {
            result = result.and(thread.join().expect("threads do not panic"));
        }
        result
    })
}

/// The source of a thread's connections.
enum Source {
    /// Listeners of its own, and the channels to the threads without listeners, to which this thread passes their share of the
    /// connections.
    Listeners { listeners: Listeners, channels: Vec<UnboundedSender<Detached>> },
    /// The channel from the first thread.
    Channel(UnboundedReceiver<Detached>),
}

impl Source {
    /// Creates the source of a further thread: listeners of its own, or a channel, whose sender is returned as well.
    fn of_further_thread(listeners: &Listeners) -> io::Result<(Self, Option<UnboundedSender<Detached>>)> {
        if listeners.are_inherited() {
            let (sender, receiver) = unbounded_channel();
            return Ok((Self::Channel(receiver), Some(sender)));
        }
        let listeners = listeners.sibling()?;
        Ok((Self::Listeners { listeners, channels: Vec::new() }, None))
    }
}

/// A thread that was started, and the channel to it if it has no listeners.
struct Started<'scope> {
    thread: ScopedJoinHandle<'scope, Result<(), ServeError>>,
    channel: Option<UnboundedSender<Detached>>,
}

/// Starts a further thread. Its listeners are created last, when nothing else can fail: closing them again would reset
/// the connections in their backlogs.
fn start_thread<'scope, R>(
    scope: &'scope Scope<'scope, '_>,
    listeners: &Listeners,
    core: Core<'scope, R>,
) -> Result<Started<'scope>, ServeError>
where
    R: Future<Output = io::Result<()>> + Send + 'scope,
{
    let (sender, receiver) = mpsc::channel();
    let run = move || match receiver.recv() {
        Ok(source) => core.serve(source),
        Err(_) => Ok(()),
    };
    let thread = thread::Builder::new().name("core".to_owned()).spawn_scoped(scope, run).map_err(ServeError::Start)?;
    let (source, channel) = Source::of_further_thread(listeners).map_err(ServeError::Start)?;
    sender.send(source).expect("the thread waits for its source");
    Ok(Started { thread, channel })
}

/// The runtime of one thread, and what the thread needs to serve its connections.
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
    fn serve(self, source: Source) -> Result<(), ServeError> {
        let Self { runtime, requested, limit, service } = self;
        runtime.block_on(async {
            match source {
                Source::Listeners { listeners, channels } => {
                    let acceptor = Acceptor::new(listeners).map_err(ServeError::Start)?;
                    let accept_loop = accept_and_distribute(acceptor, channels, limit, service);
                    runtime::serve(accept_loop, requested, limit, service).await
                }
                Source::Channel(connections) => {
                    runtime::serve(receive_loop(connections, service), requested, limit, service).await
                }
            }
        })
    }
}

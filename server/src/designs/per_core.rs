//! Every client at once, each in a task on one thread, and a thread for each processor.
//!
//! Each thread has a runtime and listeners of its own: the kernel deals the clients who come to one
//! port out among them (`SO_REUSEPORT`), and a client stays with its thread until it leaves. Threads
//! share nothing but the limit of connections, so none waits for another; but under load clients wait
//! for their own thread, even while another is idle, for nobody carries them over. Work on an answer
//! is waited for in the task, while its thread serves others.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle, available_parallelism};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use tokio::runtime::{Builder, Runtime};

use crate::ServeError;
use crate::runtime::{self, Room};
use crate::service::Service;
use crate::stop::Stop;

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let count = service.options.threads.map_or_else(processors, |count| count.get() as usize);
    let room = &Room::new(&service.options);
    let first = Core::new(stop)?;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 2..=count {
            match start_thread(scope, &listeners, room, service, stop) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    tracing::warn!("only {} of {count} threads can serve: {}", number - 1, one_line(&error));
                    break;
                }
            }
        }
        let first = first.serve(listeners, room, service);
        threads.into_iter().map(|thread| thread.join().expect("threads do not panic")).fold(first, Result::and)
    })
}

/// Starts a thread that listens beside `listeners`. It listens last of all, when it has what it needs:
/// to give up listening would reset whoever the kernel has dealt to it meanwhile.
fn start_thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    listeners: &Listeners,
    room: &'scope Room,
    service: &'scope Arc<Service>,
    stop: &Stop,
) -> Result<ScopedJoinHandle<'scope, Result<(), ServeError>>, ServeError> {
    let core = Core::new(stop)?;
    let (sender, receiver) = mpsc::channel();
    let serve = move || receiver.recv().map_or(Ok(()), |listeners| core.serve(listeners, room, service));
    let thread =
        thread::Builder::new().name("core".to_owned()).spawn_scoped(scope, serve).map_err(ServeError::Start)?;
    let siblings = listeners.sibling().map_err(ServeError::Start)?;
    sender.send(siblings).expect("the thread waits for its listeners");
    Ok(thread)
}

/// What one thread has for itself.
struct Core<R> {
    runtime: Runtime,
    requested: R,
}

impl Core<()> {
    fn new(stop: &Stop) -> Result<Core<impl Future<Output = io::Result<()>> + Send + use<>>, ServeError> {
        let runtime = runtime::build(&mut Builder::new_current_thread())?;
        let requested = runtime::requested(&runtime, stop)?;
        Ok(Core { runtime, requested })
    }
}

impl<R: Future<Output = io::Result<()>>> Core<R> {
    fn serve(self, listeners: Listeners, room: &Room, service: &Arc<Service>) -> Result<(), ServeError> {
        self.runtime.block_on(runtime::serve(listeners, self.requested, room, service))
    }
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

//! Waiting in a tokio runtime: an accept loop, and one task for each client.

pub(crate) mod distributor;
mod task;

use std::io;
use std::sync::Arc;

use launcelot_endpoint::accept::{Accepted, Acceptor};
use launcelot_endpoint::limit::ConnectionLimit;
use tokio::runtime::{Builder, Runtime};

use crate::error::ServeError;
use crate::session::Session;
use crate::session::service::{Service, disable_nagle};
use crate::stop::Stop;

/// The number of task polls after which a thread checks for I/O events. With tokio's default of 61, a thousand busy
/// clients cost one more system call for every 61 questions, and clients whose events come late wait behind all others
/// repeatedly.
const EVENT_INTERVAL: u32 = 1024;

/// Builds a tokio runtime with I/O and timers.
pub(crate) fn build(builder: &mut Builder) -> Result<Runtime, ServeError> {
    builder.enable_io().enable_time().event_interval(EVENT_INTERVAL).build().map_err(ServeError::Start)
}

/// Returns a future that waits in `runtime` until the stop is requested.
pub(crate) fn requested(
    runtime: &Runtime,
    stop: &Stop,
) -> Result<impl Future<Output = io::Result<()>> + use<>, ServeError> {
    let _context = runtime.enter();
    stop.requested().map_err(ServeError::Start)
}

/// Runs `accept_loop` until it ends or the stop is requested. Then drops it, which closes its listeners, and waits until
/// all connections have ended, but no longer than the grace period.
pub(crate) async fn serve(
    accept_loop: impl Future<Output = Result<(), ServeError>>,
    requested: impl Future<Output = io::Result<()>>,
    limit: &ConnectionLimit,
    service: &Service,
) -> Result<(), ServeError> {
    tokio::select! {
        result = accept_loop => result?,
        requested = requested => requested.map_err(ServeError::Wait)?,
    }
    let _ = tokio::time::timeout(service.options.grace, limit.all_closed()).await;
    Ok(())
}

/// Accepts clients and starts a task for each, until a listener fails.
pub(crate) async fn accept_loop(
    mut acceptor: Acceptor,
    limit: &ConnectionLimit,
    service: &Arc<Service>,
) -> Result<(), ServeError> {
    loop {
        let accepted = acceptor.accept(limit).await.map_err(ServeError::Accept)?;
        spawn_session(accepted, service);
    }
}

/// Starts a task in the current runtime that serves the accepted client until its session ends.
pub(crate) fn spawn_session(accepted: Accepted, service: &Arc<Service>) {
    let Accepted { stream, peer, permit } = accepted;
    let observer = service.accepted(peer, || stream.local_addr());
    disable_nagle(&stream);
    let session = Session::begin(peer.into(), Arc::clone(service), observer);
    tokio::spawn(async move {
        task::serve_client(stream, session).await;
        drop(permit);
    });
}

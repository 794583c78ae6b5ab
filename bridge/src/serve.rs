//! Accepting connections, and stopping.
//!
//! `axum::serve` has no limit on connections and no timeout for a request's head, and does not wait
//! for WebSockets when it stops. So the bridge has an accept loop of its own.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::join_all;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::app::{Caller, app};
use crate::options::{Options, OptionsError};
use crate::tasks::Tasks;

/// How long a client has for the head of a request, and how long a connection may wait for the next.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes that the head of a request may have.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// How long to wait when the system has no descriptor or memory for a connection.
const SCARCITY_PAUSE: Duration = Duration::from_millis(50);

/// Why a bridge cannot run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It cannot be what it was told to be.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system does not let it wait for connections.
    #[error("cannot wait for connections")]
    Listen(#[source] io::Error),
}

/// Runs a bridge at `listeners` until `stop` completes: then it accepts nothing more, tells every open
/// WebSocket, and waits for them at most the grace period. If it is dropped, all of them are.
///
/// # Errors
///
/// See [`ServeError`]. Once it runs, nothing that a client does makes it fail.
pub async fn serve(listeners: Listeners, options: Options, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    options.check()?;
    let sockets = listeners.sockets.into_iter().map(TcpListener::from_std).collect::<io::Result<Vec<_>>>();
    let tasks = Tasks::default();
    let _abandon = tasks.abandon_on_drop();
    let router = app(&options, &tasks);
    let places = Arc::new(Semaphore::new(options.max_connections.min(Semaphore::MAX_PERMITS)));
    let accepting =
        sockets.map_err(ServeError::Listen)?.into_iter().map(|socket| accept(socket, &places, &router, &tasks));
    tokio::select! {
        _ = join_all(accepting) => {}
        () = stop => {}
    }
    tasks.stop(options.grace).await;
    Ok(())
}

/// Accepts connections for ever, each when there is a place for it.
async fn accept(socket: TcpListener, places: &Arc<Semaphore>, router: &Router, tasks: &Tasks) {
    let mut scarce = false;
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                scarce = false;
                let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
                tasks.spawn(talk(stream, router.clone(), Caller::new(address, place), tasks.stopping()));
            }
            Err(error) if is_of_one_connection(&error) => {}
            // Descriptors or memory. Others may be done with theirs before long.
            Err(error) => {
                if !std::mem::replace(&mut scarce, true) {
                    tracing::warn!("cannot accept connections for now: {}", one_line(&error));
                }
                sleep(SCARCITY_PAUSE).await;
            }
        }
    }
}

/// Whether only the connection that would have been accepted has failed.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Answers the requests of one connection, to its end or its upgrade.
async fn talk(stream: TcpStream, router: Router, caller: Caller, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        return tracing::debug!("{} is gone already: {}", caller.address, one_line(&error));
    }
    let address = caller.address;
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(caller.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_header_size(HEAD_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let talked = tokio::select! {
        talked = &mut connection => talked,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = talked {
        tracing::debug!("{address}: {}", one_line(&error));
    }
}

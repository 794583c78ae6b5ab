//! Accepting connections, and stopping.
//!
//! `axum::serve` has no limit on connections and no timeout for a request's head, and does not wait for WebSockets when it
//! stops. So the bridge has an accept loop of its own.

use std::convert::Infallible;
use std::future::Future;
use std::io;

use axum::Router;
use launcelot_endpoint::accept::Acceptor;
use launcelot_endpoint::limit::ConnectionLimit;
use launcelot_endpoint::listen::Listeners;
use thiserror::Error;

use crate::http::app;
use crate::http::connection::serve_connection;
use crate::options::{Options, OptionsError};
use crate::tasks::Tasks;

/// Why a bridge cannot run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The options contradict each other, or name a directory that does not exist.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The system cannot wait for connections at a listener.
    #[error("cannot accept connections")]
    Accept(#[source] io::Error),
}

/// Runs a bridge at `listeners` until `stop` completes. Then it accepts nothing more, closes every open WebSocket with
/// [`BridgeStopping`](crate::close_code::CloseCode::BridgeStopping), and waits for them at most the grace period. If the
/// future is dropped, all connections are.
///
/// # Errors
///
/// See [`ServeError`]. No client can make a running bridge fail.
pub async fn serve(listeners: Listeners, options: Options, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    options.check()?;
    let acceptor = Acceptor::new(listeners).map_err(ServeError::Accept)?;
    let limit = ConnectionLimit::new(options.max_connections);
    let tasks = Tasks::default();
    let _abort_guard = tasks.abort_on_drop();
    let router = app(&options, &tasks);
    let accepting = tokio::select! {
        accepting = accept_loop(acceptor, &limit, &router, &tasks) => accepting,
        () = stop => {
            tasks.stop(options.grace).await;
            return Ok(());
        }
    };
    match accepting {
        Err(error) => Err(ServeError::Accept(error)),
        Ok(never) => match never {},
    }
}

/// Serves each connection in a task of its own. Ends only if a listener does not listen any more.
async fn accept_loop(
    mut acceptor: Acceptor,
    limit: &ConnectionLimit,
    router: &Router,
    tasks: &Tasks,
) -> io::Result<Infallible> {
    loop {
        let accepted = acceptor.accept(limit).await?;
        tasks.spawn(serve_connection(accepted, router.clone(), tasks.stopping()));
    }
}

//! Serves metrics at an address of their own, to a bounded number of clients for a bounded time.

use std::convert::Infallible;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use launcelot_endpoint::accept::{Accepted, Acceptor};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::ConnectionLimit;
use launcelot_endpoint::listen::Listeners;

/// Maximum number of open connections; further clients wait. Scrapers connect seldom.
const CONNECTIONS_MAX: NonZeroU32 = NonZeroU32::new(16).expect("16 is not zero");

/// The time within which the head of a request must arrive. A connection may last twice as long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves metrics at `listeners` until the program ends.
pub(super) fn serve(listeners: Listeners, router: Router) -> io::Result<()> {
    let acceptor = Acceptor::new(listeners)?;
    tokio::spawn(async move {
        match accept_loop(acceptor, &router).await {
            Err(error) => tracing::error!("cannot serve metrics: {}", one_line(&error)),
            Ok(never) => match never {},
        }
    });
    Ok(())
}

async fn accept_loop(mut acceptor: Acceptor, router: &Router) -> io::Result<Infallible> {
    let limit = ConnectionLimit::new(CONNECTIONS_MAX);
    loop {
        let accepted = acceptor.accept(&limit).await?;
        tokio::spawn(serve_connection(accepted, router.clone()));
    }
}

async fn serve_connection(accepted: Accepted, router: Router) {
    let Accepted { stream, permit, .. } = accepted;
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Neither an HTTP error nor a client that does not take its response is logged.
    let _ = tokio::time::timeout(2 * TIMEOUT, connection).await;
    drop(permit);
}

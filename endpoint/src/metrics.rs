//! Serves metrics over HTTP at an address of their own, to a bounded number of clients for a bounded time.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::accept::{Accepted, Acceptor};
use crate::limit::ConnectionLimit;

/// Maximum number of open connections; further clients wait. Scrapers connect seldom.
const CONNECTIONS_MAX: NonZeroU32 = NonZeroU32::new(16).expect("16 is not zero");

/// The time within which the head of a request must arrive. A connection may last twice as long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Answers the requests of all connections with `service`, one request each. Returns only if accepting fails for good.
///
/// # Errors
/// The error of `accept(2)`.
pub async fn serve<S, B>(mut acceptor: Acceptor, service: S) -> io::Result<Infallible>
where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let limit = ConnectionLimit::new(CONNECTIONS_MAX);
    loop {
        let accepted = acceptor.accept(&limit).await?;
        tokio::spawn(serve_connection(accepted, service.clone()));
    }
}

async fn serve_connection<S, B>(accepted: Accepted, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let Accepted { stream, permit, .. } = accepted;
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // Neither an HTTP error nor a client that does not take its response is logged.
    let _ = tokio::time::timeout(2 * TIMEOUT, connection).await;
    drop(permit);
}

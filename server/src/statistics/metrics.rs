//! Serves the statistics over HTTP, at `/metrics`.

mod exposition;

use std::convert::Infallible;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use launcelot_endpoint::accept::{Accepted, Acceptor};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::ConnectionLimit;
use launcelot_endpoint::listen::Listeners;

use crate::statistics::Statistics;

/// Maximum number of open HTTP connections; further clients wait. Scrapers connect seldom.
const CONNECTIONS_MAX: NonZeroU32 = NonZeroU32::new(16).expect("16 is not zero");

/// The time within which the head of a request must arrive. A connection may last twice as long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the statistics over HTTP until a listener fails.
pub(crate) async fn serve(listeners: Listeners, statistics: Statistics) {
    if let Err(error) = accept_loop(listeners, &statistics).await {
        tracing::error!("cannot serve the statistics: {}", one_line(&error));
    }
}

async fn accept_loop(listeners: Listeners, statistics: &Statistics) -> io::Result<()> {
    let mut acceptor = Acceptor::new(listeners)?;
    let limit = ConnectionLimit::new(CONNECTIONS_MAX);
    loop {
        let accepted = acceptor.accept(&limit).await?;
        tokio::spawn(serve_connection(accepted, statistics.clone()));
    }
}

async fn serve_connection(accepted: Accepted, statistics: Statistics) {
    let Accepted { stream, permit, .. } = accepted;
    let service = service_fn(move |request| {
        let response = respond(&request, &statistics);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // Neither an HTTP error nor a client that does not take its response is logged.
    let _ = tokio::time::timeout(2 * TIMEOUT, connection).await;
    drop(permit);
}

fn respond(request: &Request<Incoming>, statistics: &Statistics) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => match exposition::exposition(statistics.totals()) {
            Ok(exposition) => (StatusCode::OK, exposition),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the statistics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(exposition::CONTENT_TYPE));
    response
}

//! The statistics over HTTP, at `/metrics`.

mod exposition;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::accept_errors::AcceptErrors;
use crate::statistics::Statistics;

/// The most open connections. Scrapers connect seldom; others wait.
const CONNECTIONS_MAX: usize = 16;

/// The time in which a request must arrive, and in which its response must be taken.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the statistics at all listeners.
pub(crate) async fn serve(listeners: Listeners, statistics: Statistics) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accept_loops = listeners.sockets.into_iter().map(|socket| accept_loop(socket, &statistics, &permits));
    for result in join_all(accept_loops).await {
        if let Err(error) = result {
            tracing::error!("cannot serve the statistics: {}", one_line(&error));
        }
    }
}

async fn accept_loop(
    socket: std::net::TcpListener,
    statistics: &Statistics,
    permits: &Arc<Semaphore>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(socket)?;
    let mut errors = AcceptErrors::default();
    loop {
        let permit = Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, statistics.clone(), permit));
            }
            Err(error) => {
                if let Some(pause) = errors.pause_after(error).map_err(io::Error::other)? {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, statistics: Statistics, permit: OwnedSemaphorePermit) {
    let service = service_fn(move |request| {
        let response = respond(&request, &statistics);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A client that does not take its response needs no report.
    let _ = tokio::time::timeout(2 * TIMEOUT, connection).await;
    drop(permit);
}

fn respond(request: &Request<Incoming>, statistics: &Statistics) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, exposition::exposition(&statistics.totals())),
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "the statistics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(exposition::CONTENT_TYPE));
    response
}

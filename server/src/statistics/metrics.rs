//! Serves the statistics over HTTP, at `/metrics`.

mod exposition;

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use launcelot_endpoint::accept::Acceptor;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;

use crate::statistics::Statistics;

/// Serves the statistics over HTTP until a listener fails.
pub(crate) async fn serve(listeners: Listeners, statistics: Statistics) {
    match try_serve(listeners, statistics).await {
        Err(error) => tracing::error!("cannot serve the statistics: {}", one_line(&error)),
        Ok(never) => match never {},
    }
}

async fn try_serve(listeners: Listeners, statistics: Statistics) -> io::Result<Infallible> {
    let acceptor = Acceptor::new(listeners)?;
    let service = service_fn(move |request| {
        let response = respond(&request, &statistics);
        async { Ok::<_, Infallible>(response) }
    });
    launcelot_endpoint::metrics::serve(acceptor, service).await
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

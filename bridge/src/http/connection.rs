//! One client's connection over HTTP.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use launcelot_endpoint::accept::Accepted;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::Permit;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a client has for the head of a request, and how long a connection may wait for the next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of bytes in the head of a request.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// The connection by which a request came, an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct ConnectInfo {
    /// The client's address.
    pub(crate) peer: SocketAddr,
    /// Kept until the connection is closed, also after its upgrade to a WebSocket.
    _permit: Arc<Permit>,
}

/// Answers the requests of one connection until it ends, is upgraded, or the bridge stops.
pub(crate) async fn serve_connection(accepted: Accepted, router: Router, stop: CancellationToken) {
    let Accepted { stream, peer, permit } = accepted;
    if let Err(error) = stream.set_nodelay(true) {
        return tracing::debug!("{peer} has closed its connection already: {}", one_line(&error));
    }
    let connect_info = ConnectInfo { peer, _permit: Arc::new(permit) };
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(connect_info.clone());
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
    let served = tokio::select! {
        served = &mut connection => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!("the HTTP connection of {peer} failed: {}", one_line(&error));
    }
}

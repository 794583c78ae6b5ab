//! One client's connection over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::Permit;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::timed_stream::{Phase, ResponseBody, TimedStream, Timeouts};
use crate::bridge::Bridge;
use crate::limits::Place;
use crate::statistics::Counted;

/// Maximum number of bytes in the head of a request.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// How long a connection over the limit has for its request: others wait for its place.
const HEAD_TIMEOUT_OVER_LIMIT: Duration = Duration::from_secs(2);

/// How long a request has for its head that a client may have sent before it knew of a stop.
const HEAD_TIMEOUT_STOPPING: Duration = Duration::from_millis(500);

/// The connection by which a request came, an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct ConnectInfo {
    /// The address at the other end; `None` for a Unix socket.
    pub(crate) peer: Option<SocketAddr>,
    /// Whether the client uses TLS, if that is known: a proxy may have ended it.
    pub(crate) is_secure: Option<bool>,
    /// Whether there are more connections than allowed: only its health is answered.
    pub(crate) is_over_limit: bool,
    /// Kept until the connection is closed, also after its upgrade to a WebSocket.
    _permits: Arc<(Permit, Place)>,
    _counted: Option<Arc<Counted>>,
}

impl ConnectInfo {
    pub(crate) fn new(peer: Option<SocketAddr>, socket: Permit, place: Place) -> Self {
        let is_over_limit = matches!(place, Place::Reserve { .. });
        Self { peer, is_secure: None, is_over_limit, _permits: Arc::new((socket, place)), _counted: None }
    }

    /// Returns how long a request may take for its head, where connections below the limit have `head_timeout`.
    pub(crate) fn head_timeout(&self, head_timeout: Duration) -> Duration {
        if self.is_over_limit { head_timeout.min(HEAD_TIMEOUT_OVER_LIMIT) } else { head_timeout }
    }

    /// The client uses TLS.
    #[cfg(feature = "tls")]
    pub(crate) fn secure(self) -> Self {
        Self { is_secure: Some(true), ..self }
    }

    /// Keeps `counted` until the connection is closed.
    pub(crate) fn counted(self, counted: Counted) -> Self {
        Self { _counted: Some(Arc::new(counted)), ..self }
    }
}

/// Answers the requests of one connection until it ends, is upgraded, or the bridge stops.
pub(crate) async fn serve_connection<S>(stream: S, connect_info: ConnectInfo, bridge: Bridge)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let options = bridge.options();
    let stop = bridge.core.tasks.stopping();
    let is_over_limit = connect_info.is_over_limit;
    let timeouts = Timeouts {
        head: connect_info.head_timeout(options.head_timeout),
        keep_alive: options.keep_alive,
        response: options.response_timeout,
    };
    drop(options);
    let was_stopping = stop.is_cancelled();
    let phase = Phase::default();
    let phase_at_stop = phase.clone();
    let stream = TimedStream::new(stream, timeouts, phase.clone());
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let responding = phase.begin_response();
        let tasks = bridge.core.tasks.clone();
        request.extensions_mut().insert(connect_info.clone());
        let bridge = bridge.clone();
        async move {
            let mut response = bridge.answer(request.map(Body::new)).await;
            let is_last = is_over_limit || tasks.is_stopping();
            if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| ResponseBody { body, _responding: responding }))
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_header_size(HEAD_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let served = tokio::select! {
        served = &mut connection => served,
        () = stop.cancelled(), if !was_stopping => {
            // hyper would close a connection whose first request it has not read.
            if phase_at_stop.is_head()
                && let Ok(served) = timeout(HEAD_TIMEOUT_STOPPING, &mut connection).await
            {
                served
            } else {
                tokio::select! {
                    served = &mut connection => served,
                    // Before that, hyper would make an upgrade a `Connection: close`.
                    () = phase_at_stop.response_ended() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!("an HTTP connection failed: {}", one_line(&error));
    }
}

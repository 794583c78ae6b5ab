//! One WebSocket from its handshake to its end: what is agreed with the browser, and what happens
//! once it is.
//!
//! axum's own extractor does the same handshake, but keeps the socket underneath to itself. The
//! bridge needs it: after a browser's protocol error, it must read on below the protocol, or the
//! reset of an early close would destroy the close frame that says what was wrong.

use std::time::Duration;

use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::future::join;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::ConnectionObserver;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tungstenite::handshake::derive_accept_key;

use crate::close_code::frame;
use crate::connect::ConnectError;
use crate::goodbye::{close_websocket, linger};
use crate::relay::{Carried, Ending, relay};
use crate::socket::Socket;

/// Why a request opens no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAgreed {
    /// It does not ask for one, or for another version of the protocol.
    NoWebSocket,
    /// It has no key to be answered.
    NoKey,
}

/// The upgrade that a request is to ask for and its answer promises.
fn upgrade_headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
    ]
}

impl IntoResponse for NotAgreed {
    fn into_response(self) -> Response {
        match self {
            Self::NoWebSocket => {
                let version = [(header::SEC_WEBSOCKET_VERSION, "13")];
                let words = "Only a WebSocket, version 13, can be opened here.\n";
                (StatusCode::UPGRADE_REQUIRED, AppendHeaders(upgrade_headers()), version, words).into_response()
            }
            Self::NoKey => (StatusCode::BAD_REQUEST, "The handshake needs a Sec-WebSocket-Key.\n").into_response(),
        }
    }
}

/// Agrees to a WebSocket (RFC 6455, section 4.2): the answer that completes the handshake.
///
/// # Errors
///
/// See [`NotAgreed`].
pub(crate) fn agree(request: &request::Parts) -> Result<Response, NotAgreed> {
    let headers = &request.headers;
    let is_upgrade = request.method == Method::GET
        && request.version == Version::HTTP_11
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket");
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
    if !is_upgrade || version != Some(b"13") {
        return Err(NotAgreed::NoWebSocket);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NotAgreed::NoKey)?;
    let accept = [(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))];
    Ok((StatusCode::SWITCHING_PROTOCOLS, AppendHeaders(upgrade_headers()), accept).into_response())
}

/// Whether one of the comma-separated tokens of a header is `token`, in any case.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// What a crossing may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_message_bytes: usize,
}

/// Carries between a browser that was agreed with and `server`, or tells the browser why not.
pub(crate) async fn cross(
    upgrade: OnUpgrade,
    server: Result<TcpStream, ConnectError>,
    limits: Limits,
    watcher: Option<Box<dyn ConnectionObserver>>,
    stop: CancellationToken,
) {
    let socket = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => return tracing::info!("the handshake was not completed: {}", one_line(&error)),
    };
    let mut websocket = Socket::new(socket, limits.max_message_bytes);
    match server {
        Ok(mut tcp) => {
            let carried = relay(&mut websocket, &mut tcp, limits.idle_timeout, stop.cancelled(), watcher).await;
            tell(&carried);
            join(linger(websocket.into_inner()), linger(tcp)).await;
        }
        Err(error) => {
            tracing::warn!("{}", one_line(&error));
            close_websocket(&mut websocket, frame(error.code(), &error.reason())).await;
            linger(websocket.into_inner()).await;
        }
    }
}

fn tell(carried: &Carried) {
    let how = match &carried.ending {
        Ending::BrowserClosed => "the browser closed it".to_owned(),
        Ending::BrowserGone(None) => "the browser went away".to_owned(),
        Ending::BrowserGone(Some(error)) => format!("the browser went away: {}", one_line(error)),
        Ending::BrowserFault(_, error) => format!("the browser's fault: {}", one_line(error)),
        Ending::ServerClosed => "the server closed it".to_owned(),
        Ending::ServerReset(error) => format!("the server broke it: {}", one_line(error)),
        Ending::Idle => "nothing was said for too long".to_owned(),
        Ending::Stopped => "the bridge is stopping".to_owned(),
    };
    tracing::info!("carried {} bytes there and {} back; {how}", carried.from_browser, carried.from_server);
}

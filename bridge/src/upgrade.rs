//! The upgrade of a request to a WebSocket, and what runs once it is done.
//!
//! axum's extractor does the same handshake, but gives its WebSocket only. The relay needs the connection itself.

use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::observe::ConnectionObserver;
use tokio::net::{TcpStream, UnixStream};
#[cfg(feature = "tls")]
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tungstenite::handshake::derive_accept_key;

use crate::close_code::CloseCode;
use crate::connect::Server;
use crate::http::timed_stream::TimedStream;
use crate::options::Options;
use crate::relay::{BulkThreads, RelayOptions, Relayed, refuse, relay};
use crate::transport::{Opaque, Transport, prepare_tcp};

/// Why a request opens no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpgradeError {
    /// It does not ask for one, or for another version of the protocol.
    NotAnUpgrade,
    /// It has no key or several, or the key is not the Base64 form of 16 bytes.
    Key,
    /// It has a body, whose end could be taken for frames.
    Body,
}

/// The headers of a request for a WebSocket, and of its response.
fn upgrade_headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
    ]
}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        match self {
            Self::NotAnUpgrade => {
                let version = [(header::SEC_WEBSOCKET_VERSION, "13")];
                let text = "Only a WebSocket, version 13, can be opened here.\n";
                (StatusCode::UPGRADE_REQUIRED, AppendHeaders(upgrade_headers()), version, text).into_response()
            }
            Self::Key => {
                let text = "The handshake needs one Sec-WebSocket-Key: 16 bytes in Base64.\n";
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Body => (StatusCode::BAD_REQUEST, "A request for a WebSocket has no body.\n").into_response(),
        }
    }
}

/// Accepts a request for a WebSocket (RFC 6455, section 4.2): returns the response that completes the handshake. Of the
/// subprotocols that the client offers, the first that is in `subprotocols` is selected.
///
/// # Errors
///
/// See [`UpgradeError`].
pub(crate) fn accept(request: &request::Parts, subprotocols: &[String]) -> Result<Response, UpgradeError> {
    let headers = &request.headers;
    let is_upgrade = request.version == Version::HTTP_11 && is_upgrade(&request.method, headers);
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
    if !is_upgrade || version != Some(b"13") {
        return Err(UpgradeError::NotAnUpgrade);
    }
    let has_length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    if has_length || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(UpgradeError::Body);
    }
    // The header must not appear more than once (RFC 6455, section 11.3.1).
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).into_iter();
    let (Some(key), None) = (keys.next(), keys.next()) else { return Err(UpgradeError::Key) };
    let key = key.as_bytes();
    if BASE64.decode(key).map(|key| key.len()) != Ok(16) {
        return Err(UpgradeError::Key);
    }
    let accept_key = [(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key))];
    let selected = tokens(headers, header::SEC_WEBSOCKET_PROTOCOL)
        .find(|offered| subprotocols.iter().any(|subprotocol| subprotocol == offered))
        .and_then(|subprotocol| HeaderValue::from_str(subprotocol).ok());
    let selected = selected.map(|subprotocol| [(header::SEC_WEBSOCKET_PROTOCOL, subprotocol)]);
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, AppendHeaders(upgrade_headers()), accept_key).into_response();
    response.headers_mut().extend(selected.into_iter().flatten());
    Ok(response)
}

/// Returns whether a request asks for a WebSocket, of whatever version.
pub(crate) fn is_upgrade(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
}

/// Returns the comma-separated tokens of a header.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Returns whether one of the tokens of a header is `token`, in any case.
fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|other| other.eq_ignore_ascii_case(token))
}

/// Why a client whose upgrade was accepted gets no server.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: CloseCode,
    pub(crate) reason: String,
}

impl From<CloseCode> for Refusal {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: code.reason().to_owned() }
    }
}

/// Relays between a client whose upgrade was accepted and `server`, or tells the client why there is none. Returns what
/// was relayed.
pub(crate) async fn run(
    upgrade: OnUpgrade,
    server: Result<Server, Refusal>,
    options: &Options,
    observer: Option<Box<dyn ConnectionObserver>>,
    stop: CancellationToken,
    bulk_threads: &BulkThreads,
) -> Option<Relayed> {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::info!("the handshake was not completed: {}", one_line(&error));
            return None;
        }
    };
    // Without hyper's box around it, the connection costs less. The relay is boxed, so that there is memory for one of the
    // them only.
    let upgraded = match upgraded.downcast::<TokioIo<TimedStream<TcpStream>>>() {
        Ok(Parts { io, read_buf, .. }) => {
            let client = io.into_inner().into_inner();
            return Box::pin(relay_or_refuse(client, read_buf, server, options, observer, stop, bulk_threads)).await;
        }
        Err(upgraded) => upgraded,
    };
    let upgraded = match upgraded.downcast::<TokioIo<TimedStream<UnixStream>>>() {
        Ok(Parts { io, read_buf, .. }) => {
            let client = io.into_inner().into_inner();
            return Box::pin(relay_or_refuse(client, read_buf, server, options, observer, stop, bulk_threads)).await;
        }
        Err(upgraded) => upgraded,
    };
    // Within the timed stream, the relay would have the timeouts of requests.
    #[cfg(feature = "tls")]
    let upgraded = match upgraded.downcast::<TokioIo<TimedStream<TlsStream<TcpStream>>>>() {
        Ok(Parts { io, read_buf, .. }) => {
            let client = io.into_inner().into_inner();
            return Box::pin(relay_or_refuse(client, read_buf, server, options, observer, stop, bulk_threads)).await;
        }
        Err(upgraded) => upgraded,
    };
    // The server of a program in which the bridge is embedded, such as axum's.
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(Parts { io, read_buf, .. }) => {
            let client = io.into_inner();
            Box::pin(relay_or_refuse(client, read_buf, server, options, observer, stop, bulk_threads)).await
        }
        Err(upgraded) => {
            let client = Opaque(TokioIo::new(upgraded));
            Box::pin(relay_or_refuse(client, Bytes::new(), server, options, observer, stop, bulk_threads)).await
        }
    }
}

async fn relay_or_refuse<C: Transport + Send + 'static>(
    client: C,
    early: Bytes,
    server: Result<Server, Refusal>,
    options: &Options,
    observer: Option<Box<dyn ConnectionObserver>>,
    stop: CancellationToken,
    bulk_threads: &BulkThreads,
) -> Option<Relayed> {
    let relay_options = RelayOptions {
        idle_timeout: options.idle_timeout,
        linger: options.linger,
        ping_interval: options.ping_interval,
        max_message_bytes: options.max_message_bytes,
    };
    let relayed = match server {
        Ok(Server::Tcp(server)) => {
            if let Err(error) = prepare_tcp(&server, options.send_buffer_bytes, options.idle_timeout) {
                tracing::warn!("cannot set an option of the connection to the server: {}", one_line(&error));
            }
            relay(client, early, server, &relay_options, stop, observer, Some(bulk_threads)).await
        }
        Ok(Server::Unix(server)) => {
            Box::pin(relay(client, early, server, &relay_options, stop, observer, Some(bulk_threads))).await
        }
        Err(Refusal { code, reason }) => {
            Box::pin(refuse(client, early, code, &reason, options.linger)).await;
            return None;
        }
    };
    Some(relayed)
}

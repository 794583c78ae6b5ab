//! The router of the bridge.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri, header};
use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection};
use tokio::net::TcpStream;
use tracing::Instrument as _;

use super::connection::ConnectInfo;
use super::files::{Files, not_found};
use super::headers;
use super::origin::{host_may_be_used, origin_may_connect};
use crate::connect::connect;
use crate::options::{Options, Target};
use crate::tasks::Tasks;
use crate::upgrade;

struct Bridge {
    options: Options,
    tasks: Tasks,
}

impl Bridge {
    /// Reads the clock if there is an observer.
    fn now_if_observed(&self) -> Option<Instant> {
        self.options.observer.as_ref().map(|_| Instant::now())
    }

    /// Reports a new connection to the observer, with the moments at which the request was read and connecting began.
    fn report(
        &self,
        uri: &Uri,
        request_in: Option<Instant>,
        connect_begun: Option<Instant>,
        server: &TcpStream,
    ) -> Option<Box<dyn ConnectionObserver>> {
        let observer = self.options.observer.as_ref()?;
        let connect_done = Instant::now();
        let steps = [
            (request_in?, ConnectStep::RequestIn),
            (connect_begun?, ConnectStep::ConnectBegun),
            (connect_done, ConnectStep::ConnectDone),
        ];
        let from = server.local_addr().ok()?;
        let to = server.peer_addr().ok()?;
        observer.connection(&NewConnection { from, to, query: uri.query(), steps: &steps })
    }
}

/// Returns the bridge as a router, for `options` that have been [checked](Options::check). Its WebSockets run as `tasks`.
///
/// The router needs a server that can upgrade connections, such as [`serve`](crate::serve()) or `axum::serve`.
pub fn app(options: &Options, tasks: &Tasks) -> Router {
    let bridge = Arc::new(Bridge { options: options.clone(), tasks: tasks.clone() });
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/ws", get(websocket_to_first))
        .route("/ws/{name}", get(websocket_to_named));
    let router = match &options.web {
        Some(web) => {
            let files = Files::new(web);
            router.fallback(move |request: Request| files.get(request))
        }
        None => router.route("/", get(introduction)).fallback(|| async { not_found() }),
    };
    router
        .merge(options.routes.clone().unwrap_or_default().with_state(()))
        .layer(middleware::from_fn_with_state(Arc::clone(&bridge), check_host))
        .layer(middleware::map_response(headers::add))
        .with_state(bridge)
}

async fn introduction() -> &'static str {
    "This is a bridge from WebSocket to TCP: open a WebSocket at /ws.\n"
}

/// Refuses requests that are meant for another host (see [`origin`](super::origin)).
async fn check_host(State(bridge): State<Arc<Bridge>>, request: Request, next: Next) -> Response {
    let Some(host) = host_of(request.headers(), request.uri()) else {
        return (StatusCode::BAD_REQUEST, "A request needs exactly one Host header.\n").into_response();
    };
    if !host_may_be_used(host, &bridge.options.origins) {
        let reason = "This host name is not one of the bridge's; --origin adds one.\n";
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    next.run(request).await
}

/// The host that a request is meant for. A URL in the request line takes precedence over the header, which must be there
/// nevertheless (RFC 9112, section 3.2.2).
fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => host.to_str().ok(),
    }
}

async fn websocket_to_first(State(bridge): State<Arc<Bridge>>, request: Request) -> Response {
    let first = bridge.options.targets.first().cloned();
    websocket(bridge, first, request).await
}

async fn websocket_to_named(State(bridge): State<Arc<Bridge>>, Path(name): Path<String>, request: Request) -> Response {
    let named = bridge.options.targets.iter().find(|target| target.name.as_ref() == Some(&name)).cloned();
    websocket(bridge, named, request).await
}

/// Opens a WebSocket. Connects to the target before it answers the browser, so that the browser's handshake takes as long
/// as the whole way, and the first message finds the server connected.
async fn websocket(bridge: Arc<Bridge>, target: Option<Target>, request: Request) -> Response {
    let request_in = bridge.now_if_observed();
    let (mut parts, _) = request.into_parts();
    if !origin_is_allowed(&parts.headers, &parts.uri, &bridge.options) {
        let reason = "Pages from this origin may not use the bridge; --origin allows one.\n";
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let Some(target) = target else {
        return (StatusCode::NOT_FOUND, "The bridge has no target of this name.\n").into_response();
    };
    let response = match upgrade::accept(&parts, &bridge.options.subprotocols) {
        Ok(response) => response,
        Err(error) => return error.into_response(),
    };
    let connect_info = parts.extensions.remove::<ConnectInfo>();
    let uri = parts.uri.clone();
    let on_upgrade = hyper::upgrade::on(http::Request::from_parts(parts, Body::empty()));
    let connect_begun = bridge.now_if_observed();
    let server = connect(&target, bridge.options.handshakes.get(&target), bridge.options.connect_timeout).await;
    let mut connection_observer = match &server {
        Ok(server) => bridge.report(&uri, request_in, connect_begun, server),
        Err(_) => None,
    };
    let stop = bridge.tasks.grace_over();
    let tasks = bridge.tasks.clone();
    let browser = connect_info.as_ref().map(|info| tracing::field::display(info.peer));
    let span = tracing::info_span!("websocket", browser, %target);
    if let Some(connection_observer) = &mut connection_observer {
        connection_observer.step(Instant::now(), ConnectStep::ResponseOut);
    }
    let relaying = async move {
        upgrade::run(on_upgrade, server, &bridge.options, connection_observer, stop).await;
        drop(connect_info);
    };
    tasks.spawn(relaying.instrument(span));
    response
}

/// Whether the page may open a WebSocket. Clients other than browsers send no origin.
fn origin_is_allowed(headers: &HeaderMap, uri: &Uri, options: &Options) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else { return true };
    match (origin.to_str(), host_of(headers, uri), origins.next()) {
        (Ok(origin), Some(host), None) => origin_may_connect(origin, host, &options.origins),
        _ => false,
    }
}

//! What the bridge answers over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri, header};
use launcelot_endpoint::observe::{ConnectStep, Connection, Watcher};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument as _;

use crate::connect::connect;
use crate::crossing::{Limits, agree, cross};
use crate::files::{Files, not_found};
use crate::headers;
use crate::options::{Options, Target};
use crate::origin::{host_may_be_used, origin_may_connect};
use crate::tasks::Tasks;

/// Who sent a request, where the server that called the router knows: an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    /// Its place among the connections, kept for as long as anything of it is open.
    _place: Arc<OwnedSemaphorePermit>,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, place: OwnedSemaphorePermit) -> Self {
        Self { address, _place: Arc::new(place) }
    }
}

struct Bridge {
    options: Options,
    tasks: Tasks,
}

impl Bridge {
    /// Reads the clock, if an observer needs to know.
    fn now_if_observed(&self) -> Option<Instant> {
        self.options.observer.as_ref().map(|_| Instant::now())
    }

    /// Tells the observer of a connection, for which the request was read and `connect()` called at these moments.
    fn connected(
        &self,
        uri: &Uri,
        (upgrade_in, connect_begun): (Instant, Instant),
        server: &TcpStream,
    ) -> Option<Box<dyn Watcher>> {
        let observer = self.options.observer.as_ref()?;
        let connect_done = Instant::now();
        let steps = [
            (upgrade_in, ConnectStep::RequestIn),
            (connect_begun, ConnectStep::ConnectBegun),
            (connect_done, ConnectStep::ConnectDone),
        ];
        let from = server.local_addr().ok()?;
        let to = server.peer_addr().ok()?;
        observer.connection(&Connection { from, to, query: uri.query(), steps: &steps })
    }
}

/// The bridge as a router, for `options` that [can be](Options::check). Its WebSockets run as `tasks`.
///
/// It needs a server that can upgrade connections: [`serve`](crate::serve()) is one, `axum::serve` is
/// another.
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

/// Refuses requests that were meant for another host (see [`origin`](crate::origin)).
async fn check_host(State(bridge): State<Arc<Bridge>>, request: Request, next: Next) -> Response {
    let Some(host) = host_of(request.headers(), request.uri()) else {
        return (StatusCode::BAD_REQUEST, "A request needs one Host header.\n").into_response();
    };
    if !host_may_be_used(host, &bridge.options.origins) {
        let words = "This bridge does not answer to that name; --origin makes it do so.\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    next.run(request).await
}

/// The host that a request is meant for. A URL in the request line goes before the header (RFC 9112,
/// section 3.2.2), and there must be a header even so.
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

/// Connects to the target before the browser is answered: the time that its handshake takes is then
/// the time of the whole way, and what it says first finds the server there.
async fn websocket(bridge: Arc<Bridge>, target: Option<Target>, request: Request) -> Response {
    let upgrade_in = bridge.now_if_observed();
    let (mut parts, _) = request.into_parts();
    if !origin_is_allowed(&parts.headers, &parts.uri, &bridge.options) {
        let words = "Pages from that origin may not use this bridge; --origin allows them.\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let Some(target) = target else {
        return (StatusCode::NOT_FOUND, "This bridge leads to no such target.\n").into_response();
    };
    let agreement = match agree(&parts) {
        Ok(agreement) => agreement,
        Err(not_agreed) => return not_agreed.into_response(),
    };
    let caller = parts.extensions.remove::<Caller>();
    let uri = parts.uri.clone();
    let upgrade = hyper::upgrade::on(http::Request::from_parts(parts, Body::empty()));
    let Options { connect_timeout, idle_timeout, max_message_bytes, .. } = bridge.options;
    let connect_begun = bridge.now_if_observed();
    let server = connect(&target, bridge.options.handshakes.get(&target), connect_timeout).await;
    let mut watcher = upgrade_in
        .zip(connect_begun)
        .zip(server.as_ref().ok())
        .and_then(|(begun, server)| bridge.connected(&uri, begun, server));
    let limits = Limits { idle_timeout, max_message_bytes };
    let stop = bridge.tasks.stopping();
    let browser = caller.as_ref().map(|caller| tracing::field::display(caller.address));
    let span = tracing::info_span!("websocket", browser, %target);
    if let Some(watcher) = &mut watcher {
        watcher.step(Instant::now(), ConnectStep::ResponseOut);
    }
    let crossing = async move {
        cross(upgrade, server, limits, watcher, stop).await;
        drop(caller);
    };
    bridge.tasks.spawn(crossing.instrument(span));
    agreement
}

/// Clients that are no browsers send no origin.
fn origin_is_allowed(headers: &HeaderMap, uri: &Uri, options: &Options) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else { return true };
    match (origin.to_str(), host_of(headers, uri), origins.next()) {
        (Ok(origin), Some(host), None) => origin_may_connect(origin, host, &options.origins),
        _ => false,
    }
}

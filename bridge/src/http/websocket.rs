//! Requests for a WebSocket, from the checks to the relay.

use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use launcelot_endpoint::limit::Permit;
use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection};
use tracing::Instrument as _;

use super::app::App;
use super::client::Client;
use super::connection::ConnectInfo;
use super::gate::{host_of, unavailable};
use super::origin::{Addressed, origin_is_allowed};
use crate::access;
use crate::close_code::CloseCode;
use crate::connect::{ConnectError, Server, connect};
use crate::limits::AddressPermit;
use crate::options::Target;
use crate::statistics::Refused;
use crate::upgrade::{self, Refusal, UpgradeError};

/// Why a client that may use the bridge gets no server. A page learns it from a close code, since it cannot see the status
/// of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denial {
    UnknownTarget,
    TooManyConnections,
    Stopping,
}

impl Denial {
    fn code(self) -> CloseCode {
        match self {
            Self::UnknownTarget => CloseCode::UnknownTarget,
            Self::TooManyConnections => CloseCode::TooManyConnections,
            Self::Stopping => CloseCode::BridgeStopping,
        }
    }

    /// Returns the response to a request that is not an upgrade.
    fn response(self) -> Response {
        match self {
            Self::UnknownTarget => (StatusCode::NOT_FOUND, "The bridge has no target of this name.\n").into_response(),
            Self::TooManyConnections => unavailable("The bridge has too many connections.\n"),
            Self::Stopping => unavailable("The bridge is stopping.\n"),
        }
    }

    fn refused(self) -> Refused {
        match self {
            Self::UnknownTarget => Refused::UnknownTarget,
            Self::TooManyConnections => Refused::TooManyConnections,
            Self::Stopping => Refused::Stopping,
        }
    }
}

/// What a WebSocket holds until its end.
#[derive(Debug)]
struct Permits {
    _websocket: Permit,
    _address: Option<AddressPermit>,
}

/// Opens a WebSocket. Connects to the target before it answers the browser, so that the browser's handshake takes as long
/// as the whole way, and the first message finds the server connected.
pub(super) async fn open(app: App, target: Option<Target>, request: Request) -> Response {
    let request_in = app.now_if_observed();
    let (mut parts, _) = request.into_parts();
    let client = parts.extensions.remove::<Client>().unwrap_or_default();
    let refuse = |refused| access::log_refusal(&app.core, &client, refused, parts.uri.path());
    if !app.may_connect(&parts.headers, &parts.uri, &client) {
        refuse(Refused::Origin);
        let reason = "Pages from this origin may not use the bridge; --origin allows one.\n";
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    if app.options.token.as_ref().is_some_and(|token| !token.is_sent(&parts.headers)) {
        refuse(Refused::Token);
        let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
        return (StatusCode::UNAUTHORIZED, challenge, "The bridge demands a bearer token.\n").into_response();
    }
    let connect_info = parts.extensions.remove::<ConnectInfo>();
    let admitted = app.admit(target, connect_info.as_ref(), &client);
    let response = match (upgrade::accept(&parts, &app.options.subprotocols), &admitted) {
        (Ok(response), _) => response,
        (Err(UpgradeError::NotAnUpgrade), Err(denial)) => {
            refuse(denial.refused());
            return denial.response();
        }
        (Err(error), _) => {
            refuse(Refused::Handshake);
            return error.into_response();
        }
    };
    if let Err(denial) = &admitted {
        refuse(denial.refused());
    }
    let uri = parts.uri.clone();
    let on_upgrade = hyper::upgrade::on(http::Request::from_parts(parts, Body::empty()));
    let stop = app.core.tasks.grace_over();
    let tasks = app.core.tasks.clone();
    let (target, permits) = match admitted {
        Ok(admitted) => admitted,
        Err(denial) => {
            tasks.spawn(async move {
                let bulk_threads = &app.core.bulk_threads;
                upgrade::run(on_upgrade, Err(denial.code().into()), &app.options, None, stop, bulk_threads).await;
                drop(connect_info);
            });
            return response;
        }
    };
    let connect_begun = Instant::now();
    let handshake = app.options.handshakes.get(&target);
    let server = connect(&target, &app.core.resolver, handshake, app.options.connect_timeout).await;
    let mut connection_observer = None;
    match &server {
        Ok(server) => {
            app.core.statistics.connect(connect_begun.elapsed());
            connection_observer = app.report(&uri, request_in, connect_begun, server);
        }
        Err(error) => access::log_unreachable(&app.core, &client, error),
    }
    let server = server.map_err(|error| app.refusal(&error));
    let span = tracing::info_span!("websocket", %client, %target);
    if let Some(connection_observer) = &mut connection_observer {
        connection_observer.step(Instant::now(), ConnectStep::ResponseOut);
    }
    let relaying = async move {
        let counted = app.core.statistics.open_websockets.count();
        let began = Instant::now();
        let bulk_threads = &app.core.bulk_threads;
        let relayed = upgrade::run(on_upgrade, server, &app.options, connection_observer, stop, bulk_threads).await;
        if let Some(relayed) = relayed {
            access::log_end(&app.core, &client, &target, &relayed, began.elapsed());
        }
        drop((counted, permits, connect_info));
    };
    tasks.spawn(relaying.instrument(span));
    response
}

impl App {
    /// Reads the clock if there is an observer.
    fn now_if_observed(&self) -> Option<Instant> {
        self.options.observer.as_ref().map(|_| Instant::now())
    }

    /// Returns whether the sender of a request may open a WebSocket. Clients other than browsers send no origin.
    pub(super) fn may_connect(&self, headers: &HeaderMap, uri: &Uri, client: &Client) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).into_iter();
        let Some(origin) = origins.next() else { return !self.options.require_origin };
        let (Ok(origin), Some(host), None) = (origin.to_str(), host_of(headers, uri), origins.next()) else {
            return false;
        };
        let addressed = Addressed { host, is_proxied: client.is_proxied, is_secure: client.is_secure };
        origin_is_allowed(origin, &addressed, &self.options.origins)
    }

    /// Returns the target and the permits of a new WebSocket, or why there may be none.
    fn admit(
        &self,
        target: Option<Target>,
        connection: Option<&ConnectInfo>,
        client: &Client,
    ) -> Result<(Target, Permits), Denial> {
        let target = target.ok_or(Denial::UnknownTarget)?;
        if self.core.tasks.is_stopping() {
            return Err(Denial::Stopping);
        }
        if connection.is_some_and(|connection| connection.is_over_limit) {
            return Err(Denial::TooManyConnections);
        }
        // Without a proxy, the connection is counted already.
        let address = match client.address {
            Some(address) if client.is_proxied => {
                Some(self.core.limits.try_address(address).ok_or(Denial::TooManyConnections)?)
            }
            _ => None,
        };
        let websocket = self.core.limits.try_websocket().ok_or(Denial::TooManyConnections)?;
        Ok((target, Permits { _websocket: websocket, _address: address }))
    }

    /// Returns what a client is told of a server that cannot be reached.
    fn refusal(&self, error: &ConnectError) -> Refusal {
        let details = self.options.target_details;
        let reason = if details { error.reason() } else { error.reason_without_details().to_owned() };
        Refusal { code: error.code(), reason }
    }

    /// Reports a new connection to the observer, with the moments at which the request was read and connecting began.
    fn report(
        &self,
        uri: &Uri,
        request_in: Option<Instant>,
        connect_begun: Instant,
        server: &Server,
    ) -> Option<Box<dyn ConnectionObserver>> {
        let observer = self.options.observer.as_ref()?;
        let Server::Tcp(server) = server else { return None };
        let connect_done = Instant::now();
        let steps = [
            (request_in?, ConnectStep::RequestIn),
            (connect_begun, ConnectStep::ConnectBegun),
            (connect_done, ConnectStep::ConnectDone),
        ];
        let from = server.local_addr().ok()?;
        let to = server.peer_addr().ok()?;
        observer.connection(&NewConnection { from, to, query: uri.query(), steps: &steps })
    }
}

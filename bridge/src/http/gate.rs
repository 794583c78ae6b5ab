//! Which requests reach the routes.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::app::App;
use super::client::Client;
use super::connection::ConnectInfo;
use super::files::not_found;
use super::health::{self, is_health_check};
use super::origin::host_may_be_used;
use crate::access;
use crate::statistics::Refused;
use crate::upgrade::is_upgrade;

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Refuses requests that are meant for another host (see [`origin`](super::origin)), outside of the base path, or over the
/// limit. A request for a WebSocket over the limit is refused after its upgrade, so that a page learns why.
pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let page = app.options.base_path.page(request.uri());
    let is_below_base = match app.options.base_path.strip(request.uri()) {
        Some(uri) => {
            *request.uri_mut() = uri;
            true
        }
        None => false,
    };
    if is_health_check(request.method(), request.uri().path()) {
        return if request.method() == Method::OPTIONS { health::options() } else { next.run(request).await };
    }
    if !is_below_base {
        return not_found();
    }
    let connection = request.extensions().get::<ConnectInfo>();
    let client = Client::new(connection, request.headers(), &app.options.trusted_proxies);
    let Some(host) = host_of(request.headers(), request.uri()) else {
        return (StatusCode::BAD_REQUEST, "A request needs exactly one Host header.\n").into_response();
    };
    if !host_may_be_used(host, &app.options.origins, app.options.ip_hosts) {
        access::log_refusal(&app.core, &client, Refused::Host, host);
        let reason = "This host name is not one of the bridge's; --origin adds one.\n";
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    if connection.is_some_and(|connection| connection.is_over_limit) && !is_upgrade(request.method(), request.headers())
    {
        access::log_refusal(&app.core, &client, Refused::TooManyConnections, request.uri().path());
        return unavailable("The bridge has too many connections.\n");
    }
    if let Some(page) = page
        && !is_upgrade(request.method(), request.headers())
    {
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, page)]).into_response();
    }
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// Returns the response that the bridge cannot do this now.
pub(super) fn unavailable(reason: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)], reason).into_response()
}

/// Returns the host that a request is meant for. A URL in the request line takes precedence over the header, which must be
/// there nevertheless (RFC 9112, section 3.2.2).
pub(super) fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => host.to_str().ok(),
    }
}

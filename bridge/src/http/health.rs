//! Whether the bridge runs and is ready. Both are answered to anybody, and when there are too many connections.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, StatusCode, header};

use super::app::App;

pub(super) const HEALTH: &str = "/healthz";
pub(super) const READY: &str = "/readyz";

/// Returns whether a request asks for the bridge's health. The health check of HAProxy sends `OPTIONS /` by default.
pub(super) fn is_health_check(method: &Method, path: &str) -> bool {
    path == HEALTH || path == READY || (method == Method::OPTIONS && path == "/")
}

pub(super) async fn health() -> &'static str {
    "ok"
}

pub(super) async fn ready(State(app): State<App>) -> Response {
    if app.core.tasks.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping").into_response();
    }
    "ok".into_response()
}

/// Answers `OPTIONS /`.
pub(super) fn options() -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, HeaderValue::from_static("GET,HEAD"))]).into_response()
}

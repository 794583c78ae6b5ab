//! What a bridge without a lab answers to a page that looks for one.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

use super::app::App;
use super::client::Client;

/// The path at which the page looks for a lab.
pub(super) const PATH: &str = "/api/tunnel";

/// Answers with 204 where no lab is mounted. An error status would appear in the browser's console. A page that may open a WebSocket
/// may read the answer, also one of another origin, such as a page from `trunk serve` (CORS protocol: Fetch,
/// section 3.2).
pub(super) async fn answer(State(app): State<App>, request: Request) -> Response {
    let mut response = (StatusCode::NO_CONTENT, [(header::VARY, HeaderValue::from_static("origin"))]).into_response();
    let client = request.extensions().get::<Client>().cloned().unwrap_or_default();
    if let Some(origin) = request.headers().get(header::ORIGIN)
        && app.may_connect(request.headers(), request.uri(), &client)
    {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

//! The router of the bridge.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::files::{Files, not_found};
use super::{gate, headers, health, no_lab, websocket};
use crate::bridge::Core;
use crate::options::Options;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(super) options: Arc<Options>,
    pub(super) core: Arc<Core>,
}

/// Returns the router for `options` that have been [checked](Options::check).
pub(crate) fn app(options: &Arc<Options>, core: &Arc<Core>) -> Router {
    let app = App { options: Arc::clone(options), core: Arc::clone(core) };
    let router = Router::new()
        .route(health::HEALTH, get(health::health))
        .route(health::READY, get(health::ready))
        .route("/ws", get(websocket_to_first))
        .route("/ws/", get(websocket_to_first))
        .route("/ws/{name}", get(websocket_to_named))
        .route("/ws/{name}/", get(websocket_to_named));
    // Further routes may be those of a lab.
    let router = if options.routes.is_none() { router.route(no_lab::PATH, get(no_lab::answer)) } else { router };
    let router = match &options.web {
        Some(web) => {
            let files = Files::new(web, options.follow_links);
            router.fallback(move |request: Request| files.get(request))
        }
        None => router.route("/", get(introduction)).fallback(|| async { not_found() }),
    };
    let router = router
        .merge(options.routes.clone().unwrap_or_default().with_state(()))
        .layer(RequestBodyTimeoutLayer::new(options.body_timeout))
        .with_state(app.clone());
    // The gate rewrites paths, so it comes before the routes.
    Router::new()
        .fallback_service(router)
        .layer(middleware::from_fn_with_state(app, gate::check))
        .layer(middleware::map_response(headers::add))
}

async fn introduction() -> &'static str {
    "This is a bridge from WebSocket to TCP: open a WebSocket at /ws.\n"
}

async fn websocket_to_first(State(app): State<App>, request: Request) -> Response {
    let first = app.options.targets.first().cloned();
    websocket::open(app, first, request).await
}

async fn websocket_to_named(State(app): State<App>, Path(name): Path<String>, request: Request) -> Response {
    let named = app.options.targets.iter().find(|target| target.name.as_ref() == Some(&name)).cloned();
    websocket::open(app, named, request).await
}

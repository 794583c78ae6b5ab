//! The lab's HTTP API: traces of dialogues, the settings of the tunnel, and those of the server.
//!
//! Bodies are JSON in both directions, without a `Content-Type` that matters. An error has the body `{"error": "REASON"}`.
//!
//! | method and path | answers |
//! |---|---|
//! | `GET /api/traces/ID` | 200 with a trace, or 404 |
//! | `GET /api/series/NAME` | 200 with the server's thinking in a series of rounds, or 404 |
//! | `GET /api/tunnel` | 200 with the tunnel's report |
//! | `PUT /api/tunnel` | 200 with the tunnel's report under the new settings, or 400 |
//! | `GET /api/server` | 200 with the server's settings, or 404 if they cannot be changed |
//! | `PUT /api/server` | 200 with the server's new settings, 400, or 404 if they cannot be changed |
//!
//! # `/api/traces/ID`
//!
//! `ID` is the name of the dialogue in the URL of its WebSocket (`/ws/tunnel?dialogue=ID`), or, without a bridge, the
//! address of the client, such as `127.0.0.1:50123`. Two clients may have the same address if one is connected to the
//! server and the other to the tunnel: `?to=PORT` selects the client that has connected to `PORT`. The lab keeps the
//! latest 256 dialogues; if several have the same ID, the response is the trace of the newest.
//!
//! ```json
//! {
//!   "id": "all-the-way",
//!   "events": [{ "point": "bridge-in", "at_us": 0.0, "bytes": 18 }],
//!   "connecting": [{ "point": "upgrade-in", "at_us": 0.0 }],
//!   "is_truncated": false,
//!   "clock_step_us": 0.03,
//!   "tunnel": { "instance": "87f63a74ef8628e8", "first_revision": 1, "last_revision": 1, "handshake_us": 1305.2 },
//!   "server_design": "async"
//! }
//! ```
//!
//! `tunnel` is `null` if the dialogue did not go through the tunnel. `first_revision` and `last_revision` differ if the
//! tunnel's settings changed during the dialogue. `server_design` is the design of the lab's server.
//! `schema/trace.schema.json` describes all fields.
//!
//! # `/api/series/NAME`
//!
//! `NAME` is the name of a series of rounds in the URLs of its WebSockets (`/ws?series=NAME`). The response is
//! `{"answers": 40, "thinking_us": 200000, "server_design": "async"}`: the number of answers, the sum of the server's
//! thinking times before them, and the design of the lab's server. The events of a series are not kept.
//! `schema/series.schema.json` describes the response.
//!
//! # `/api/tunnel`
//!
//! ```json
//! {
//!   "port": 1061,
//!   "server_port": 1060,
//!   "link": { "rtt_us": 1300.0, "jitter_us": 150.0, "bandwidth_bits_per_s": null },
//!   "handshake": true,
//!   "instance": "87f63a74ef8628e8",
//!   "revision": 1,
//!   "in_force_us": 41000000.0,
//!   "added_delay": { "total_us": 1480.0, "out_us": 740.0, "back_us": 740.0, "samples": 7, "connections": 2 }
//! }
//! ```
//!
//! `PUT` takes the fields of `link`, of which `rtt_us` is required, and optionally `handshake`, which otherwise stays
//! as it is: `{"rtt_us": 20000, "handshake": false}`. The new settings also apply to bytes in flight. `revision` rises
//! with every change and is unique within `instance`, which identifies one run of the lab. So equal `instance` and
//! `revision` mean equal settings. `schema/tunnel.schema.json` describes all fields.
//!
//! # `/api/server`
//!
//! `{"think_us": 5000}`: how long the server works on each answer. Worker processes (`--design processes`) keep the
//! value with which they were started, and the API answers 404. `schema/server.schema.json` describes the body.
//!
//! # Origins
//!
//! Pages of other origins may use the API if the bridge would accept their WebSocket, so that a page from `trunk serve` can.
//! A request from any other origin is answered with 403.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::ValueEnum;
use http::{HeaderValue, Method, StatusCode, header};
use launcelot_bridge::origin::origin_may_connect;
use launcelot_measure::lab_api::{SeriesResponse, ServerSettings, TraceResponse, TransitResponse};
use launcelot_measure::{Instance, LinkRevisions, LinkSettings};
use launcelot_server::{Design, ThinkTime};
use serde::Serialize;
use serde_json::Value;

use crate::recorder::{Recorder, Thinking, TunnelTransit};
use crate::tunnel::settings::DELAY_MAX;
use crate::tunnel::{TunnelHandle, TunnelSettings};

/// The smallest bandwidth that can be set. With this bandwidth, transmitting the longest of the three questions takes
/// almost a quarter of a second.
const BANDWIDTH_MIN_BITS: u64 = 1_000;

/// The state that all handlers share.
#[derive(Debug, Clone)]
struct Lab {
    recorder: Recorder,
    tunnel: TunnelHandle,
    /// `None` if the server's settings cannot be changed.
    think: Option<ThinkTime>,
    /// The name of the server's design.
    design: String,
}

/// Returns the routes of the API, which the bridge serves together with its own routes. `think` is the server's think
/// time, or `None` if it cannot be changed; `design` is its design.
pub fn routes(recorder: Recorder, tunnel: TunnelHandle, think: Option<ThinkTime>, design: Design) -> Router {
    let design = design.to_possible_value().map(|name| name.get_name().to_owned()).unwrap_or_default();
    Router::new()
        .route("/api/traces/{id}", get(get_trace))
        .route("/api/series/{name}", get(get_series))
        .route("/api/tunnel", get(get_tunnel).put(put_tunnel))
        .route("/api/server", get(get_server).put(put_server))
        .layer(middleware::from_fn(check_origin))
        .with_state(Lab { recorder, tunnel, think, design })
}

async fn get_trace(State(lab): State<Lab>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let to = query.as_deref().and_then(to_port);
    let Some(trace) = lab.recorder.trace(&id, to) else {
        return error(
            StatusCode::NOT_FOUND,
            &format!("no trace of a dialogue '{id}': it was not recorded, or was evicted"),
        );
    };
    let transit = lab.recorder.transit(&id, to);
    let tunnel = transit.map(|transit| transit_response(transit, lab.tunnel.instance()));
    json(StatusCode::OK, &TraceResponse { trace, tunnel, server_design: Some(lab.design) })
}

async fn get_series(State(lab): State<Lab>, Path(name): Path<String>) -> Response {
    match lab.recorder.thinking(&name) {
        Some(Thinking { answers, total }) => {
            json(StatusCode::OK, &SeriesResponse { answers, thinking: total, server_design: Some(lab.design) })
        }
        None => error(StatusCode::NOT_FOUND, &format!("no series '{name}': it was not recorded, or was evicted")),
    }
}

fn transit_response(transit: TunnelTransit, instance: Instance) -> TransitResponse {
    let TunnelTransit { first_revision, last_revision, handshake } = transit;
    let revisions = LinkRevisions { instance, first_revision, last_revision: Some(last_revision) };
    TransitResponse { revisions, handshake }
}

/// Returns the port in a query such as `to=1061`.
fn to_port(query: &str) -> Option<u16> {
    query.split('&').find_map(|parameter| parameter.strip_prefix("to="))?.parse().ok()
}

async fn get_tunnel(State(lab): State<Lab>) -> Response {
    json(StatusCode::OK, &lab.tunnel.report())
}

async fn put_tunnel(State(lab): State<Lab>, body: Bytes) -> Response {
    let LinkRequest { link, handshake } = match parse_link_request(&body) {
        Ok(request) => request,
        Err(why) => return error(StatusCode::BAD_REQUEST, &format!("invalid link settings: {why}")),
    };
    if link.rtt.max(link.jitter) > DELAY_MAX {
        return error(StatusCode::BAD_REQUEST, "rtt_us and jitter_us must be at most 10 seconds each");
    }
    if link.bandwidth.is_some_and(|bits| bits.get() < BANDWIDTH_MIN_BITS) {
        return error(StatusCode::BAD_REQUEST, "bandwidth_bits_per_s must be at least 1000, or null for no limit");
    }
    lab.tunnel.update(|before| TunnelSettings { link, handshake: handshake.unwrap_or(before.handshake), ..before });
    get_tunnel(State(lab)).await
}

async fn get_server(State(lab): State<Lab>) -> Response {
    match &lab.think {
        Some(think) => json(StatusCode::OK, &ServerSettings { think: think.get() }),
        None => error(StatusCode::NOT_FOUND, "the settings of worker processes cannot be changed"),
    }
}

async fn put_server(State(lab): State<Lab>, body: Bytes) -> Response {
    let settings: ServerSettings = match serde_json::from_slice(&body) {
        Ok(settings) => settings,
        Err(why) => return error(StatusCode::BAD_REQUEST, &format!("invalid server settings: {why}")),
    };
    if settings.think > DELAY_MAX {
        return error(StatusCode::BAD_REQUEST, "think_us must be at most 10 seconds");
    }
    if let Some(think) = &lab.think {
        think.set(settings.think);
    }
    get_server(State(lab)).await
}

/// The body of `PUT /api/tunnel`.
struct LinkRequest {
    link: LinkSettings,
    handshake: Option<bool>,
}

/// Parses a JSON object with the fields of [`LinkSettings`] and an optional `handshake`. Other fields are errors.
fn parse_link_request(body: &[u8]) -> Result<LinkRequest, serde_json::Error> {
    let mut body: Value = serde_json::from_slice(body)?;
    let handshake = body.as_object_mut().and_then(|fields| fields.remove("handshake"));
    let handshake = handshake.map(serde_json::from_value).transpose()?;
    Ok(LinkRequest { link: serde_json::from_value(body)?, handshake })
}

/// Rejects a request of a page whose WebSocket the bridge would reject because of its origin. Lets other pages read the
/// response (CORS protocol: Fetch, section 3.2).
async fn check_origin(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let Some(origin) = headers.get(header::ORIGIN).cloned() else { return next.run(request).await };
    if !origin_may_connect(text_of(Some(&origin)), text_of(headers.get(header::HOST)), &[]) {
        let reason = format!("pages of the origin {} may not use this lab", text_of(Some(&origin)));
        return error(StatusCode::FORBIDDEN, &reason);
    }
    let mut response = if request.method() == Method::OPTIONS {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        ];
        (StatusCode::NO_CONTENT, allowed).into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

/// Returns the text of a header; an empty string if the header is missing or not ASCII.
fn text_of(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(value) {
        Ok(body) => (status, headers, body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn error(status: StatusCode, why: &str) -> Response {
    json(status, &serde_json::json!({ "error": why }))
}

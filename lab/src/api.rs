//! What the lab answers over HTTP, beside what its bridge does: traces of dialogues, and the tunnel's wire.
//!
//! | request | answer |
//! |---|---|
//! | `GET /api/dialogues/NAME` | the [`Trace`] of a dialogue and how it went through the tunnel, or 404 |
//! | `GET /api/dialogues/ADDRESS?to=PORT` | the same for a client that is known by its address, and had connected to that port |
//! | `GET /api/series/NAME` | how long the server thought about a series of rounds: `{"answers": 40, "thinking_us": 200000}`, or 404 |
//! | `GET /api/tunnel` | the [`WireReport`](launcelot_measure::WireReport) |
//! | `PUT /api/tunnel` with a [`Wire`], and `handshake` if that should change | the same once the link is so; 400 if no link can be |
//! | `GET /api/server` | how long the server works on each answer: `{"think_us": 0}`; 404 where that cannot change |
//! | `PUT /api/server` with the same | the same once it is so; 400 if it cannot be |
//!
//! The tunnel's settings have a revision, which rises with every change and belongs to one run of the lab. It stands in
//! both answers, so that a client can tell whether two dialogues went over the same link.
//!
//! All of it is JSON, errors too: `{"error": "…"}`. Pages of other origins are let in as the bridge lets them
//! in, so that one from `trunk serve` can ask as well.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, Method, StatusCode, header};
use launcelot_bridge::origin::origin_may_connect;
use launcelot_measure::{Instance, Trace, Wire};
use launcelot_server::ThinkTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::recorder::{Passage, Recorder, Thinking};
use crate::tunnel::report::micros;
use crate::tunnel::wire::DELAY_MAX;
use crate::tunnel::{self, TunnelHandle};

/// A wire that carries less lets a question take a quarter of a second to leave.
const BANDWIDTH_MIN_BITS: u64 = 1_000;

/// Who is asked.
#[derive(Debug, Clone)]
struct Lab {
    recorder: Recorder,
    tunnel: TunnelHandle,
    think: Option<ThinkTime>,
}

/// The settings of the server; `schema/server.schema.json` describes them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerSettings {
    think_us: f64,
}

/// The thinking of a series; `schema/series.schema.json` describes it.
#[derive(Debug, Serialize)]
struct SeriesAnswer {
    answers: u64,
    #[serde(serialize_with = "micros")]
    thinking_us: Duration,
}

/// A trace as it is answered; `schema/trace.schema.json` describes it.
#[derive(Debug, Serialize)]
struct TraceAnswer {
    #[serde(flatten)]
    trace: Trace,
    /// Null if the dialogue did not go through the tunnel.
    tunnel: Option<PassageAnswer>,
}

#[derive(Debug, Serialize)]
struct PassageAnswer {
    #[serde(flatten)]
    passage: launcelot_measure::Passage,
    handshake_us: Option<Micros>,
}

#[derive(Debug, Serialize)]
struct Micros(#[serde(serialize_with = "micros")] Duration);

impl PassageAnswer {
    fn new(passage: Passage, instance: Instance) -> Self {
        let Passage { first_revision, last_revision, handshake } = passage;
        let passage = launcelot_measure::Passage { instance, first_revision, last_revision: Some(last_revision) };
        Self { passage, handshake_us: handshake.map(Micros) }
    }
}

/// The routes, for a bridge to serve with its own. `think` is how long the server works on each answer, where that can change.
pub fn routes(recorder: Recorder, tunnel: TunnelHandle, think: Option<ThinkTime>) -> Router {
    Router::new()
        .route("/api/dialogues/{name}", get(dialogue))
        .route("/api/series/{name}", get(series))
        .route("/api/tunnel", get(report).put(set))
        .route("/api/server", get(server).put(set_server))
        .layer(middleware::from_fn(share_with_pages))
        .with_state(Lab { recorder, tunnel, think })
}

async fn dialogue(State(lab): State<Lab>, Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let to = query.as_deref().and_then(port_in);
    match lab.recorder.trace(&name, to) {
        Some(trace) => {
            let passage = lab.recorder.passage(&name, to);
            let tunnel = passage.map(|passage| PassageAnswer::new(passage, lab.tunnel.instance()));
            json(StatusCode::OK, &TraceAnswer { trace, tunnel })
        }
        None => error(StatusCode::NOT_FOUND, "no dialogue of that name was seen, or it is forgotten already"),
    }
}

async fn series(State(lab): State<Lab>, Path(name): Path<String>) -> Response {
    match lab.recorder.thinking(&name) {
        Some(Thinking { answers, total }) => json(StatusCode::OK, &SeriesAnswer { answers, thinking_us: total }),
        None => error(StatusCode::NOT_FOUND, "no series of that name was seen, or it is forgotten already"),
    }
}

/// The port that a query asks for.
fn port_in(query: &str) -> Option<u16> {
    query.split('&').find_map(|parameter| parameter.strip_prefix("to="))?.parse().ok()
}

async fn report(State(lab): State<Lab>) -> Response {
    json(StatusCode::OK, &lab.tunnel.report())
}

async fn set(State(lab): State<Lab>, body: Bytes) -> Response {
    let (wire, handshake) = match wish(&body) {
        Ok(wish) => wish,
        Err(why) => return error(StatusCode::BAD_REQUEST, &format!("that is no wire: {why}")),
    };
    if wire.rtt.max(wire.jitter) > DELAY_MAX {
        return error(StatusCode::BAD_REQUEST, "rtt_us and jitter_us are at most 10 seconds each");
    }
    if wire.bandwidth.is_some_and(|bits| bits.get() < BANDWIDTH_MIN_BITS) {
        return error(StatusCode::BAD_REQUEST, "bandwidth_bits_per_s is at least 1000, or null for any");
    }
    lab.tunnel.update(|before| tunnel::Wire {
        length: wire,
        handshake: handshake.unwrap_or(before.handshake),
        ..before
    });
    report(State(lab)).await
}

async fn server(State(lab): State<Lab>) -> Response {
    match &lab.think {
        Some(think) => {
            let think_us = think.get().as_nanos() as f64 / 1_000.0;
            json(StatusCode::OK, &ServerSettings { think_us })
        }
        None => error(StatusCode::NOT_FOUND, "the settings of worker processes cannot change"),
    }
}

async fn set_server(State(lab): State<Lab>, body: Bytes) -> Response {
    let settings: ServerSettings = match serde_json::from_slice(&body) {
        Ok(settings) => settings,
        Err(why) => return error(StatusCode::BAD_REQUEST, &format!("not the settings of a server: {why}")),
    };
    let think = Duration::try_from_secs_f64(settings.think_us / 1e6).ok().filter(|think| *think <= DELAY_MAX);
    let Some(wanted) = think else {
        return error(StatusCode::BAD_REQUEST, "think_us is at least 0 and at most 10 seconds");
    };
    if let Some(think) = &lab.think {
        think.set(wanted);
    }
    server(State(lab)).await
}

/// The link that a request asks for, and whether connections should cost a handshake, if the request contains that.
fn wish(body: &[u8]) -> Result<(Wire, Option<bool>), serde_json::Error> {
    let mut wish: Value = serde_json::from_slice(body)?;
    let handshake = wish.as_object_mut().and_then(|fields| fields.remove("handshake"));
    let handshake = handshake.map(serde_json::from_value).transpose()?;
    Ok((serde_json::from_value(wish)?, handshake))
}

/// Answers what a page of another origin needs to be told (Fetch, section 3.2), and refuses those that the
/// bridge would refuse.
async fn share_with_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let Some(origin) = headers.get(header::ORIGIN).cloned() else { return next.run(request).await };
    let text = |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if !origin_may_connect(&text(Some(&origin)), &text(headers.get(header::HOST)), &[]) {
        return error(StatusCode::FORBIDDEN, "pages from that origin may not use this lab");
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

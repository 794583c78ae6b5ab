//! The lab behind the bridge, asked over HTTP.

use std::time::Duration;

use launcelot_measure::{LinkReport, LinkRevisions, LinkSettings, Trace};
use wasm_bindgen::prelude::*;
use web_sys::{RequestInit, Response};

use crate::bridge;
use crate::json::{self, Json};
use crate::state::ids::{RoundsId, RunId};

/// What the lab can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// How the tunnel is.
    Tunnel,
    /// That the tunnel be like this.
    SetTunnel(LinkSettings),
    /// How long the server works on each answer.
    Server,
    /// Sets how long it works on each answer.
    SetServer(Duration),
    /// What its hops recorded of the dialogue of a run, which has this name.
    Trace(RunId, String),
    /// How long the server thought about the questions of a series.
    Series(RoundsId),
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// How the tunnel is; `None` if there is no lab.
    Tunnel(Option<LinkReport>),
    /// How long the server works on each answer; `None` if that cannot be changed.
    Server(Option<Duration>),
    /// What the hops recorded of the dialogue of a run, and the revisions of the tunnel's settings meanwhile; `None` if they
    /// recorded nothing.
    Trace(RunId, Option<(Trace, Option<LinkRevisions>)>),
    /// How long the server thought about a question of a series, at the mean; `None` if that was not recorded.
    Series(RoundsId, Option<Duration>),
}

/// Returns the name by which the lab knows a series.
pub fn series_name(id: RoundsId) -> String {
    format!("series-{id}")
}

/// Asks it.
pub async fn ask(request: Request) -> Reply {
    let (path, body) = match &request {
        Request::Tunnel => ("/tunnel".to_owned(), None),
        Request::SetTunnel(wire) => ("/tunnel".to_owned(), Some(json::of_wire(*wire))),
        Request::Server => ("/server".to_owned(), None),
        Request::SetServer(think) => {
            ("/server".to_owned(), Some(format!(r#"{{"think_us":{}}}"#, think.as_micros() as u64)))
        }
        Request::Trace(_, dialogue) => (["/traces/", dialogue].concat(), None),
        Request::Series(id) => (["/series/", &series_name(*id)].concat(), None),
    };
    reply(&request, fetch(path, body).await.and_then(Json::new))
}

fn reply(request: &Request, answer: Option<Json>) -> Reply {
    match request {
        Request::Tunnel | Request::SetTunnel(_) => Reply::Tunnel(answer.and_then(|answer| json::wire_report(&answer))),
        Request::Server | Request::SetServer(_) => {
            Reply::Server(answer.and_then(|answer| answer.field("think_us")?.micros()))
        }
        Request::Trace(run, _) => {
            Reply::Trace(*run, answer.and_then(|answer| Some((json::trace(&answer)?, json::passage(&answer)))))
        }
        Request::Series(id) => Reply::Series(*id, answer.and_then(|answer| json::thinking_mean(&answer))),
    }
}

/// The JSON of a good answer to what is asked at a path of the lab, or put there.
async fn fetch(path: String, body: Option<String>) -> Option<JsValue> {
    let init = RequestInit::new();
    if let Some(body) = body {
        init.set_method("PUT");
        init.set_body(&JsValue::from_str(&body));
    }
    let url = bridge::lab_of_this_page() + &path;
    let response = web_sys::window()?.fetch_with_str_and_init(&url, &init).await.ok()?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return None;
    }
    response.json().ok()?.await.ok()
}

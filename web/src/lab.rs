//! The lab behind the bridge, asked over HTTP.

use std::time::Duration;

use launcelot_measure::{Passage, Trace, Wire, WireReport};
use wasm_bindgen::prelude::*;
use web_sys::{RequestInit, Response};

use crate::bridge;
use crate::json::{self, Json};

/// What the lab can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// How the tunnel is.
    Tunnel,
    /// That the tunnel be like this.
    SetTunnel(Wire),
    /// How long the server works on each answer.
    Server,
    /// That it work so long on each.
    SetServer(Duration),
    /// What its stations saw of the dialogue of the run with this number, and of this name.
    Trace(u32, String),
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// How the tunnel is; `None` if there is no lab.
    Tunnel(Option<WireReport>),
    /// How long the server works on each answer; `None` if that cannot be changed.
    Server(Option<Duration>),
    /// What the hops saw of the dialogue of the run with this number, and through which settings of the tunnel it went; `None`
    /// if they saw nothing.
    Trace(u32, Option<(Trace, Option<Passage>)>),
}

/// Asks it.
pub async fn ask(request: Request) -> Reply {
    let init = RequestInit::new();
    let put = |body: String| {
        init.set_method("PUT");
        init.set_body(&JsValue::from_str(&body));
    };
    match &request {
        Request::SetTunnel(wire) => put(json::of_wire(*wire)),
        Request::SetServer(think) => put(format!(r#"{{"think_us":{}}}"#, think.as_micros() as u64)),
        Request::Tunnel | Request::Server | Request::Trace(..) => {}
    }
    let path = match &request {
        Request::Tunnel | Request::SetTunnel(_) => "/tunnel",
        Request::Server | Request::SetServer(_) => "/server",
        Request::Trace(_, dialogue) => &["/dialogues/", dialogue].concat(),
    };
    let answer = fetch(&(bridge::lab_of_this_page() + path), &init).await.and_then(Json::new);
    match request {
        Request::Tunnel | Request::SetTunnel(_) => Reply::Tunnel(answer.and_then(|answer| json::wire_report(&answer))),
        Request::Server | Request::SetServer(_) => {
            Reply::Server(answer.and_then(|answer| answer.field("think_us")?.micros()))
        }
        Request::Trace(run, _) => {
            Reply::Trace(run, answer.and_then(|answer| Some((json::trace(&answer)?, json::passage(&answer)))))
        }
    }
}

/// The JSON of a good answer.
async fn fetch(url: &str, init: &RequestInit) -> Option<JsValue> {
    let response = web_sys::window()?.fetch_with_str_and_init(url, init).await.ok()?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return None;
    }
    response.json().ok()?.await.ok()
}

//! The lab behind the bridge, asked over HTTP.

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
    /// What its stations saw of the dialogue of the run with this number, and of this name.
    Trace(u32, String),
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// How the tunnel is; `None` if there is no lab.
    Tunnel(Option<WireReport>),
    /// What the hops saw of the dialogue of the run with this number, and through which settings of the tunnel it went; `None`
    /// if they saw nothing.
    Trace(u32, Option<(Trace, Option<Passage>)>),
}

/// Asks it.
pub async fn ask(request: Request) -> Reply {
    let init = RequestInit::new();
    let (path, run) = match request {
        Request::Tunnel => ("/tunnel".to_owned(), None),
        Request::SetTunnel(wire) => {
            init.set_method("PUT");
            init.set_body(&JsValue::from_str(&json::of_wire(wire)));
            ("/tunnel".to_owned(), None)
        }
        Request::Trace(run, dialogue) => (format!("/dialogues/{dialogue}"), Some(run)),
    };
    let answer = fetch(&(bridge::lab_of_this_page() + &path), &init).await.and_then(Json::new);
    match run {
        None => Reply::Tunnel(answer.and_then(|answer| json::wire_report(&answer))),
        Some(run) => Reply::Trace(run, answer.and_then(|answer| Some((json::trace(&answer)?, json::passage(&answer))))),
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

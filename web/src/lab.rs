//! The lab behind the bridge, asked over HTTP.
//!
//! What encodes and decodes JSON is in the part of the program that the browser loads when it is idle.

use std::time::Duration;

use js_sys::futures::JsFuture;
use launcelot_measure::lab_api::{SeriesResponse, ServerSettings, TraceResponse};
use launcelot_measure::{LinkReport, LinkSettings};
use wasm_bindgen::prelude::*;
use web_sys::{RequestInit, Response};

use crate::bridge;
use crate::files;
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

/// What it replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// How the tunnel is; `None` if there is no lab.
    Tunnel(Option<LinkReport>),
    /// How long the server works on each answer; `None` if that cannot be changed.
    Server(Option<Duration>),
    /// What the hops recorded of the dialogue of a run, and by which tunnel and to which server it went; `None` if they recorded
    /// nothing.
    Trace(RunId, Option<TraceResponse>),
    /// How long the server thought about the questions of a series, and its design; `None` if that was not recorded.
    Series(RoundsId, Option<SeriesResponse>),
}

/// The status of a response with a reply.
const HTTP_OK: u16 = 200;

/// Returns the name by which the lab knows a series.
pub fn series_name(id: RoundsId) -> String {
    format!("series-{id}")
}

/// Asks the lab.
pub async fn ask(request: Request) -> Reply {
    let reply = exchange(&request).await;
    reply.unwrap_or(match request {
        Request::Tunnel | Request::SetTunnel(_) => Reply::Tunnel(None),
        Request::Server | Request::SetServer(_) => Reply::Server(None),
        Request::Trace(run, _) => Reply::Trace(run, None),
        Request::Series(id) => Reply::Series(id, None),
    })
}

/// Sends a request. Returns `None` unless the lab replies with success.
async fn exchange(request: &Request) -> Option<Reply> {
    let path = match request {
        Request::Tunnel | Request::SetTunnel(_) => "/tunnel".to_owned(),
        Request::Server | Request::SetServer(_) => "/server".to_owned(),
        Request::Trace(_, dialogue) => ["/traces/", dialogue].concat(),
        Request::Series(id) => ["/series/", &series_name(*id)].concat(),
    };
    let init = RequestInit::new();
    if let Request::SetTunnel(_) | Request::SetServer(_) = request {
        init.set_method("PUT");
        init.set_body(&JsValue::from_str(&files::lab_body(request).await?));
    }
    let url = bridge::lab_of_this_page() + &path;
    let response = web_sys::window()?.fetch_with_str_and_init(&url, &init).await.ok()?;
    let response: Response = response.unchecked_into();
    // A bridge without a lab answers with 204, because a browser writes what fails to its console.
    if response.status() != HTTP_OK {
        return None;
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    files::lab_reply(request, &text.as_string()?).await
}

/// Returns the body of a request; empty if it has none.
pub fn encode(request: &Request) -> String {
    let body = match request {
        Request::SetTunnel(link) => serde_json::to_string(link),
        Request::SetServer(think) => serde_json::to_string(&ServerSettings { think: *think }),
        Request::Tunnel | Request::Server | Request::Trace(..) | Request::Series(_) => return String::new(),
    };
    body.expect("durations and numbers always have a form in JSON")
}

/// Returns the reply in the body of a good response; `None` if the body is not one.
pub fn decode(request: &Request, body: &str) -> Option<Reply> {
    Some(match request {
        Request::Tunnel | Request::SetTunnel(_) => Reply::Tunnel(Some(serde_json::from_str(body).ok()?)),
        Request::Server | Request::SetServer(_) => {
            let settings: ServerSettings = serde_json::from_str(body).ok()?;
            Reply::Server(Some(settings.think))
        }
        Request::Trace(run, _) => Reply::Trace(*run, Some(serde_json::from_str(body).ok()?)),
        Request::Series(id) => Reply::Series(*id, Some(serde_json::from_str(body).ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use launcelot_measure::Preset;

    use super::*;

    #[test]
    fn the_settings_of_the_link_are_encoded_as_the_lab_reads_them() {
        for preset in Preset::ALL {
            let body = encode(&Request::SetTunnel(preset.link()));
            assert_eq!(serde_json::from_str::<LinkSettings>(&body).ok(), Some(preset.link()));
        }
        assert_eq!(encode(&Request::SetServer(Duration::from_millis(5))), r#"{"think_us":5000.0}"#);
    }

    #[test]
    fn responses_are_decoded_and_others_are_not() {
        let series = Request::Series(RoundsId::default());
        for (design, body) in [
            (None, r#"{"answers": 40, "thinking_us": 200}"#),
            (Some("poll"), r#"{"answers": 40, "thinking_us": 200, "server_design": "poll"}"#),
        ] {
            let Some(Reply::Series(_, Some(response))) = decode(&series, body) else { panic!("not a series: {body}") };
            assert_eq!(response.mean(), Some(Duration::from_micros(5)));
            assert_eq!(response.server_design.as_deref(), design);
        }
        let trace = Request::Trace(RunId(3), String::new());
        let body = r#"{"id": "a", "events": [{"point": "bridge-in", "at_us": 0.5, "bytes": 18}], "is_truncated": false,
            "tunnel": {"instance": "87f63a74ef8628e8", "first_revision": 1, "last_revision": 2, "handshake_us": null},
            "server_design": "async"}"#;
        let Some(Reply::Trace(RunId(3), Some(response))) = decode(&trace, body) else { panic!("not a trace: {body}") };
        assert_eq!(response.trace.events.len(), 1);
        assert_eq!(response.tunnel.unwrap().revisions.last_revision, Some(2));
        assert_eq!(response.server_design.as_deref(), Some("async"));
        assert_eq!(decode(&trace, r#"{"error": "no trace"}"#), None);
    }
}

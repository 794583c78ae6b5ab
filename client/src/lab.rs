//! Traces of dialogues, requested from the lab that recorded them.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use launcelot_endpoint::connect::connect_to_host;
use launcelot_measure::{LinkReport, LinkRevisions, Trace, TracePoint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::target::Target;

/// The largest response that is read. A lab keeps at most a few thousand events of a dialogue, which take about 60
/// bytes each as JSON.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The reason why a trace could not be fetched.
#[derive(Debug, Error)]
pub enum LabError {
    /// The address of a lab is not known.
    #[error("no lab is known: --lab HOST:PORT names one")]
    NoLab,
    /// The lab could not be reached, or its response could not be read in time.
    #[error("no lab answers at {lab}")]
    Unreachable {
        /// The URL of the lab.
        lab: String,
        /// The failure.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The lab at this URL has no trace of the dialogue, or the server there is not a lab.
    #[error("{0} has no trace of this dialogue")]
    NoTrace(String),
    /// The response is not a trace.
    #[error("the response of {lab} is not a trace")]
    InvalidResponse {
        /// The URL of the lab.
        lab: String,
        /// The failure.
        source: serde_json::Error,
    },
}

/// Returns a random name for a dialogue.
pub fn random_dialogue_name() -> String {
    format!("{:016x}", fastrand::u64(..))
}

/// The trace of a dialogue, and the link that it went through.
#[derive(Debug, Clone, Default)]
pub struct LabTrace {
    /// The events that hops recorded.
    pub trace: Trace,
    /// The report of the tunnel, if the dialogue went through it and the lab still responds.
    pub tunnel: Option<LinkReport>,
    /// The revisions of the link settings when the dialogue began and when it ended, if it went through the tunnel.
    pub link_revisions: Option<LinkRevisions>,
    /// The duration of the emulated handshake, if the dialogue went through the tunnel and there was one.
    pub handshake: Option<Duration>,
    /// The design of the lab's server.
    pub server_design: Option<String>,
}

/// The lab's response for a dialogue.
#[derive(Debug, Deserialize)]
struct TraceResponse {
    #[serde(flatten)]
    trace: Trace,
    #[serde(default)]
    tunnel: Option<TransitResponse>,
    #[serde(default)]
    server_design: Option<String>,
}

/// The lab's record of the dialogue's way through the tunnel.
#[derive(Debug, Deserialize)]
struct TransitResponse {
    #[serde(flatten)]
    link_revisions: LinkRevisions,
    handshake_us: Option<f64>,
}

impl TransitResponse {
    fn handshake(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.handshake_us? / 1e6).ok()
    }
}

/// Requests the trace of a dialogue with `target`: for a bridge by the `name` of the dialogue, otherwise by the
/// client's `local` address. `lab` is the lab's host and port; by default they are those of the bridge.
///
/// # Errors
///
/// See [`LabError`].
pub async fn fetch_trace(
    target: &Target,
    lab: Option<&(String, u16)>,
    name: &str,
    local: Option<SocketAddr>,
    timeout: Duration,
) -> Result<LabTrace, LabError> {
    let (host, port) = match (lab, target) {
        (Some((host, port)), _) => (host.as_str(), *port),
        (None, Target::WebSocket { host, port, .. }) => (host.as_str(), *port),
        (None, Target::Tcp { .. }) => return Err(LabError::NoLab),
    };
    let name = match target {
        Target::WebSocket { .. } => name.to_owned(),
        // Without a bridge, the client's address and the port of the server identify a dialogue, because one local port may be in
        // use for two servers at once. Brackets are escaped.
        Target::Tcp { port: to, .. } => {
            let local = local.map(|local| local.to_string()).unwrap_or_default();
            format!("{}?to={to}", local.replace('[', "%5B").replace(']', "%5D"))
        }
    };
    let lab = Lab { host, port, timeout };
    let TraceResponse { trace, tunnel: through, server_design } = lab.get_json(&format!("/api/traces/{name}")).await?;
    let is_through = trace.events.iter().any(|event| event.point == TracePoint::TunnelIn);
    let tunnel = if is_through { lab.get_json("/api/tunnel").await.ok() } else { None };
    let handshake = through.as_ref().and_then(TransitResponse::handshake);
    let link_revisions = through.map(|through| through.link_revisions);
    Ok(LabTrace { trace, tunnel, link_revisions, handshake, server_design })
}

/// A lab's HTTP API.
#[derive(Debug)]
struct Lab<'a> {
    host: &'a str,
    port: u16,
    timeout: Duration,
}

impl Lab<'_> {
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, LabError> {
        let lab = format!("http://{}", self.authority());
        let (status, body) = match tokio::time::timeout(self.timeout, self.get(path)).await {
            Ok(answered) => answered.map_err(|source| LabError::Unreachable { lab: lab.clone(), source })?,
            Err(late) => return Err(LabError::Unreachable { lab, source: late.into() }),
        };
        if status != StatusCode::OK {
            return Err(LabError::NoTrace(lab));
        }
        serde_json::from_slice(&body).map_err(|source| LabError::InvalidResponse { lab, source })
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = connect_to_host(self.host, self.port).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::get(path).header(header::HOST, self.authority()).body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await?.to_bytes();
        connection.abort();
        Ok((status, body))
    }
}

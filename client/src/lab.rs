//! What the hops on the path saw of a dialogue: asked of the lab that recorded it.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use launcelot_endpoint::connect::connect_to_host;
use launcelot_measure::{Passage, Point, Trace, WireReport};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::timeout;

use crate::target::Target;

/// A lab keeps some thousand sightings of a dialogue; each is about 60 bytes.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Why nothing is known of the path.
#[derive(Debug, Error)]
pub enum LabError {
    /// Nobody could be asked.
    #[error("no lab is known: --lab HOST:PORT names one")]
    Nobody,
    /// No answer came.
    #[error("no lab answers at {lab}")]
    Unreachable {
        /// Who was asked.
        lab: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It has no such dialogue, or it is no lab.
    #[error("{0} has not seen this dialogue")]
    NotSeen(String),
    /// What came is no trace.
    #[error("{lab} answered with something else")]
    Nonsense {
        /// Who was asked.
        lab: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A name for a dialogue that nobody else has chosen.
pub fn new_name() -> String {
    format!("{:016x}", fastrand::u64(..))
}

/// What a lab knows of a dialogue.
#[derive(Debug, Clone, Default)]
pub struct LabTrace {
    /// What its hops saw.
    pub trace: Trace,
    /// Its tunnel, if the dialogue went through that and it still tells.
    pub tunnel: Option<WireReport>,
    /// The settings of the tunnel through which the dialogue went.
    pub passage: Option<Passage>,
    /// How long the tunnel held the connection for its handshake, if the dialogue went through it and there was one.
    pub handshake: Option<Duration>,
}

/// What a lab answers of a dialogue.
#[derive(Debug, Deserialize)]
struct TraceAnswer {
    #[serde(flatten)]
    trace: Trace,
    #[serde(default)]
    tunnel: Option<TunnelAnswer>,
}

/// How the dialogue went through the tunnel.
#[derive(Debug, Deserialize)]
struct TunnelAnswer {
    #[serde(flatten)]
    passage: Passage,
    handshake_us: Option<f64>,
}

impl TunnelAnswer {
    fn handshake(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.handshake_us? / 1e6).ok()
    }
}

/// What was seen of the dialogue that a client had with `target`, from its own address `local` and under
/// that `name`. The lab is where `lab` says, or where the bridge is.
///
/// # Errors
///
/// See [`LabError`].
pub async fn seen(
    target: &Target,
    lab: Option<&(String, u16)>,
    name: &str,
    local: Option<SocketAddr>,
    patience: Duration,
) -> Result<LabTrace, LabError> {
    let (host, port) = match (lab, target) {
        (Some((host, port)), _) => (host.as_str(), *port),
        (None, Target::WebSocket { host, port, .. }) => (host.as_str(), *port),
        (None, Target::Tcp { .. }) => return Err(LabError::Nobody),
    };
    let name = match target {
        Target::WebSocket { .. } => name.to_owned(),
        // Without a bridge, a dialogue is known by its client's address, and by the port to which it had connected: the
        // system may use one port towards two servers at once. Brackets are escaped.
        Target::Tcp { port: to, .. } => {
            let local = local.map(|local| local.to_string()).unwrap_or_default();
            format!("{}?to={to}", local.replace('[', "%5B").replace(']', "%5D"))
        }
    };
    let lab = Lab { host, port, patience };
    let TraceAnswer { trace, tunnel: through } = lab.ask(&format!("/api/traces/{name}")).await?;
    let is_through = trace.sightings.iter().any(|sighting| sighting.point == Point::TunnelIn);
    let tunnel = if is_through { lab.ask("/api/tunnel").await.ok() } else { None };
    let handshake = through.as_ref().and_then(TunnelAnswer::handshake);
    Ok(LabTrace { trace, tunnel, passage: through.map(|through| through.passage), handshake })
}

/// Who is asked over HTTP, and how long its answer is waited for.
#[derive(Debug)]
struct Lab<'a> {
    host: &'a str,
    port: u16,
    patience: Duration,
}

impl Lab<'_> {
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, LabError> {
        let lab = format!("http://{}", self.authority());
        let (status, body) = match timeout(self.patience, self.get(path)).await {
            Ok(answered) => answered.map_err(|source| LabError::Unreachable { lab: lab.clone(), source })?,
            Err(late) => return Err(LabError::Unreachable { lab, source: late.into() }),
        };
        if status != StatusCode::OK {
            return Err(LabError::NotSeen(lab));
        }
        serde_json::from_slice(&body).map_err(|source| LabError::Nonsense { lab, source })
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

//! What the stations on the way saw of a dialogue: asked of the lab that watched them.

use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use launcelot_measure::Trace;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::target::Target;

/// A lab keeps some thousand sightings of a dialogue; each is about 60 bytes.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Why nothing is known of the way.
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

/// What was seen of the dialogue that a client had with `target`, from its own address `local` and under
/// that `name`. The lab is where `lab` says, or where the bridge is.
///
/// # Errors
///
/// See [`LabError`].
pub async fn trace(
    target: &Target,
    lab: Option<&(String, u16)>,
    name: &str,
    local: Option<SocketAddr>,
    patience: Duration,
) -> Result<Trace, LabError> {
    let (host, port) = match (lab, target) {
        (Some((host, port)), _) => (host.as_str(), *port),
        (None, Target::WebSocket { host, port, .. }) => (host.as_str(), *port),
        (None, Target::Tcp { .. }) => return Err(LabError::Nobody),
    };
    let name = match target {
        Target::WebSocket { .. } => name.to_owned(),
        // Without a bridge, a dialogue is known by its client's address. Brackets are escaped.
        Target::Tcp { .. } => {
            local.map(|local| local.to_string()).unwrap_or_default().replace('[', "%5B").replace(']', "%5D")
        }
    };
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let lab = format!("http://{bracketed}:{port}");
    let (status, body) = match timeout(patience, get(host, port, &lab, &name)).await {
        Ok(answered) => answered.map_err(|source| LabError::Unreachable { lab: lab.clone(), source })?,
        Err(late) => return Err(LabError::Unreachable { lab, source: late.into() }),
    };
    if status != StatusCode::OK {
        return Err(LabError::NotSeen(lab));
    }
    serde_json::from_slice(&body).map_err(|source| LabError::Nonsense { lab, source })
}

async fn get(
    host: &str,
    port: u16,
    lab: &str,
    name: &str,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(format!("/api/dialogues/{name}"))
        .header(header::HOST, lab.trim_start_matches("http://"))
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await?.to_bytes();
    connection.abort();
    Ok((status, body))
}

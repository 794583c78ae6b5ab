//! Connecting to a target.

use std::io;
use std::time::{Duration, Instant};

use launcelot_endpoint::connect::connect_to_host;
use launcelot_endpoint::failure::one_line;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::close_code::CloseCode;
use crate::frame::encode::REASON_MAX_BYTES;
use crate::handshake::Handshake;
use crate::options::Target;

/// Why a target was not reached.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The target has no address, all of its addresses refused, or the handshake failed.
    #[error("cannot reach {target}")]
    Unreachable {
        /// The target.
        target: Target,
        /// The system's error.
        source: io::Error,
    },
    /// No address answered in time.
    #[error("{0} did not accept the connection in time")]
    TimedOut(Target),
}

impl ConnectError {
    /// The code of the close frame for the browser.
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Unreachable { .. } => CloseCode::ServerUnreachable,
            Self::TimedOut(_) => CloseCode::ServerTimedOut,
        }
    }

    /// The reason of the close frame for the browser. A long host name is cut, so that the rest is readable.
    pub fn reason(&self) -> String {
        let reason = one_line(self);
        let (Self::Unreachable { target, .. } | Self::TimedOut(target)) = self;
        let excess = reason.len().saturating_sub(REASON_MAX_BYTES);
        if excess == 0 {
            return reason;
        }
        let kept = target.host.len().saturating_sub(excess + "…".len());
        let kept = &target.host[..target.host.floor_char_boundary(kept)];
        reason.replacen(&target.host, &format!("{kept}…"), 1)
    }
}

/// Connects to `target` within `limit`, at the first of its addresses that accepts. If there is a `handshake`, waits for
/// it also.
///
/// # Errors
///
/// See [`ConnectError`].
pub async fn connect(
    target: &Target,
    handshake: Option<&Handshake>,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    let connecting = async {
        let connect_begun = Instant::now();
        let stream = connect_to_host(&target.host, target.port).await?;
        if let Some(handshake) = handshake {
            handshake.completed(stream.local_addr()?, connect_begun).await?;
        }
        Ok(stream)
    };
    match timeout(limit, connecting).await {
        Ok(connected) => connected.map_err(|source| ConnectError::Unreachable { target: target.clone(), source }),
        Err(_) => Err(ConnectError::TimedOut(target.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &str) -> ConnectError {
        let target = Target { name: None, host: host.to_owned(), port: 1060 };
        ConnectError::Unreachable { target, source: io::Error::from_raw_os_error(111) }
    }

    #[test]
    fn a_long_host_name_is_cut_and_the_error_of_the_system_is_kept() {
        assert_eq!(refused("localhost").reason(), "cannot reach localhost port 1060: Connection refused");
        let long = refused(&"x".repeat(250)).reason();
        assert_eq!(long.len(), REASON_MAX_BYTES);
        assert!(long.ends_with("xxx… port 1060: Connection refused"), "{long}");
    }
}

//! Connecting to a target.

use std::io;
use std::time::{Duration, Instant};

use launcelot_endpoint::connect::connect as connect_to_addresses;
use launcelot_endpoint::failure::one_line;
use thiserror::Error;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout_at;

use crate::close_code::CloseCode;
use crate::frame::encode::REASON_MAX_BYTES;
use crate::handshake::Handshake;
use crate::resolver::Resolver;
use crate::target::{Target, TargetAddress};

/// Why a target was not reached.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The resolver has no address for the target's name.
    #[error("cannot find the address of {target}")]
    Unknown {
        /// The target.
        target: Target,
        /// The resolver's error.
        source: io::Error,
    },
    /// All addresses refused, or the handshake failed.
    #[error("cannot reach {target}")]
    Unreachable {
        /// The target.
        target: Target,
        /// The system's error.
        source: io::Error,
    },
    /// The resolver did not answer in time.
    #[error("the address of {0} was not found in time")]
    LookupTimedOut(Target),
    /// No address answered in time.
    #[error("{0} did not accept the connection in time")]
    TimedOut(Target),
}

impl ConnectError {
    /// The code of the close frame for the browser.
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Unknown { .. } | Self::Unreachable { .. } => CloseCode::ServerUnreachable,
            Self::LookupTimedOut(_) | Self::TimedOut(_) => CloseCode::ServerTimedOut,
        }
    }

    /// The reason of the close frame for the browser. A long host name is cut, so that the rest is readable.
    pub fn reason(&self) -> String {
        let reason = one_line(self);
        let excess = reason.len().saturating_sub(REASON_MAX_BYTES);
        if excess == 0 {
            return reason;
        }
        let name = self.target().address.name();
        let kept = name.len().saturating_sub(excess + "…".len());
        let kept = &name[..name.floor_char_boundary(kept)];
        reason.replacen(&*name, &format!("{kept}…"), 1)
    }

    /// The reason for a browser that may not know the server's name.
    pub fn reason_without_details(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "the address of the server cannot be found",
            Self::LookupTimedOut(_) => "the address of the server was not found in time",
            Self::Unreachable { .. } | Self::TimedOut(_) => self.code().reason(),
        }
    }

    fn target(&self) -> &Target {
        match self {
            Self::Unknown { target, .. } | Self::Unreachable { target, .. } => target,
            Self::LookupTimedOut(target) | Self::TimedOut(target) => target,
        }
    }
}

/// A connection to a target.
#[derive(Debug)]
pub enum Server {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

/// Connects to `target` within `limit`, at the first of its addresses that accepts. If there is a `handshake`, waits for
/// it also.
///
/// # Errors
///
/// See [`ConnectError`].
pub async fn connect(
    target: &Target,
    resolver: &Resolver,
    handshake: Option<&Handshake>,
    limit: Duration,
) -> Result<Server, ConnectError> {
    let deadline = tokio::time::Instant::now() + limit;
    let connect_begun = Instant::now();
    let unreachable = |source| ConnectError::Unreachable { target: target.clone(), source };
    let timed_out = |_| ConnectError::TimedOut(target.clone());
    let (host, port) = match &target.address {
        TargetAddress::Tcp { host, port } => (host, *port),
        TargetAddress::Unix(path) => {
            let connected = timeout_at(deadline, UnixStream::connect(path)).await.map_err(timed_out)?;
            return connected.map(Server::Unix).map_err(unreachable);
        }
    };
    let addresses = timeout_at(deadline, resolver.look_up(host, port))
        .await
        .map_err(|_| ConnectError::LookupTimedOut(target.clone()))?
        .map_err(|source| ConnectError::Unknown { target: target.clone(), source })?;
    let connecting = async {
        let stream = connect_to_addresses(addresses).await?;
        if let Some(handshake) = handshake {
            handshake.completed(stream.local_addr()?, connect_begun).await?;
        }
        Ok(Server::Tcp(stream))
    };
    timeout_at(deadline, connecting).await.map_err(timed_out)?.map_err(unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &str) -> ConnectError {
        let target = Target::tcp(None, host, 1060);
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

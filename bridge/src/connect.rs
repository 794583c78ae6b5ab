//! Reaching a target: its addresses, tried so that one that does not answer hides no other.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use launcelot_endpoint::failure::one_line;
use thiserror::Error;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use crate::close::{CloseCode, REASON_MAX_BYTES};
use crate::handshake::Handshake;
use crate::options::Target;

/// How long one address has to itself before the next is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Why a target was not reached.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// It has no address, all of them refused, or its handshake failed.
    #[error("cannot reach {target}")]
    Unreachable {
        /// Who was tried.
        target: Target,
        /// What the system says.
        source: io::Error,
    },
    /// No address answered in time.
    #[error("{0} did not accept the connection in time")]
    TimedOut(Target),
}

impl ConnectError {
    /// What the browser is told.
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Unreachable { .. } => CloseCode::ServerUnreachable,
            Self::TimedOut(_) => CloseCode::ServerTimedOut,
        }
    }

    /// What the browser is told in words. A long name is cut, so that the rest can be read.
    pub fn reason(&self) -> String {
        let whole = one_line(self);
        let (Self::Unreachable { target, .. } | Self::TimedOut(target)) = self;
        let excess = whole.len().saturating_sub(REASON_MAX_BYTES);
        if excess == 0 {
            return whole;
        }
        let keep = target.host.len().saturating_sub(excess + "…".len());
        whole.replacen(&target.host, &format!("{}…", &target.host[..target.host.floor_char_boundary(keep)]), 1)
    }
}

/// Connects to `target` within `limit`, ready to send small segments at once. If there is a `handshake`, the connection is
/// connected when that is over.
///
/// # Errors
///
/// See [`ConnectError`].
pub async fn connect(
    target: &Target,
    handshake: Option<&Handshake>,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    let reach = async {
        let stream = first_to_accept(addresses_of(target).await?).await?;
        stream.set_nodelay(true)?;
        if let Some(handshake) = handshake {
            handshake.completed(stream.local_addr()?).await?;
        }
        Ok(stream)
    };
    match timeout(limit, reach).await {
        Ok(reached) => reached.map_err(|source| ConnectError::Unreachable { target: target.clone(), source }),
        Err(_) => Err(ConnectError::TimedOut(target.clone())),
    }
}

/// Both families for `localhost` (RFC 6761, section 6.3), without asking anyone.
async fn addresses_of(target: &Target) -> io::Result<Vec<SocketAddr>> {
    let Target { host, port, .. } = target;
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, *port).into(), (Ipv6Addr::LOCALHOST, *port).into()]);
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, *port).into()]);
    }
    Ok(lookup_host((host.as_str(), *port)).await?.collect())
}

/// Tries the addresses in their order, each as soon as those before it have failed or have had their
/// head start. If all fail, the first failure tells the most.
async fn first_to_accept(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut failure = None;
    loop {
        let next = waiting.next();
        trying.extend(next.map(TcpStream::connect));
        if next.is_none() && trying.is_empty() {
            return Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        }
        tokio::select! {
            Some(attempt) = trying.next() => match attempt {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = failure.or(Some(error)),
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str) -> Target {
        Target { name: None, host: host.to_owned(), port: 1060 }
    }

    #[test]
    fn a_reason_fits_and_keeps_the_systems_words() {
        let refused = |host: &str| {
            let source = io::Error::from_raw_os_error(111);
            ConnectError::Unreachable { target: target(host), source }.reason()
        };
        assert_eq!(refused("localhost"), "cannot reach localhost port 1060: Connection refused");
        let long = refused(&"x".repeat(250));
        assert_eq!(long.len(), REASON_MAX_BYTES);
        assert!(long.ends_with("xxx… port 1060: Connection refused"), "{long}");
    }

    #[tokio::test]
    async fn an_address_that_refuses_hides_no_other() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let stream = first_to_accept(vec![closed, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_hides_no_other() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let (silent, _full) = silent_address().await;
        let stream = first_to_accept(vec![silent, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
    }

    #[tokio::test]
    async fn a_server_that_never_accepts_is_given_up_in_time() {
        let (silent, _full) = silent_address().await;
        let target = Target { name: None, host: silent.ip().to_string(), port: silent.port() };
        let error = connect(&target, None, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.code(), CloseCode::ServerTimedOut);
    }

    /// A listener whose queue is full: Linux leaves further attempts unanswered.
    async fn silent_address() -> (SocketAddr, Vec<TcpStream>) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(0).unwrap().into_std().unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts, and it stays open to the end of the test.
        std::mem::forget(listener);
        let mut full = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(50), TcpStream::connect(address)).await {
            full.push(stream.unwrap());
        }
        (address, full)
    }
}

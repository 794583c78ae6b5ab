//! The accept loop for tokio.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::{AcceptErrors, Retry};
use crate::limit::{ConnectionLimit, Permit};
use crate::listen::Listeners;

/// Accepts connections at several listeners, within a limit.
///
/// The listeners take turns, so that clients at one address cannot keep out those at another. A connection is accepted
/// only when there is a permit for it: until then it waits in the kernel's backlog and costs nothing. An idle acceptor
/// holds no permit, so several acceptors can share one limit.
#[derive(Debug)]
pub struct Acceptor {
    listeners: Vec<TcpListener>,
    next: usize,
    errors: AcceptErrors,
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// The client's address.
    pub peer: SocketAddr,
    /// The connection's permit, to be kept until the connection is closed.
    pub permit: Permit,
}

impl Acceptor {
    /// Registers `listeners` with the current tokio runtime, which must have I/O enabled.
    ///
    /// # Errors
    ///
    /// Returns the system's error if a listener cannot be registered.
    pub fn new(listeners: Listeners) -> io::Result<Self> {
        let listeners = listeners.sockets.into_iter().map(TcpListener::from_std).collect::<io::Result<_>>()?;
        Ok(Self { listeners, next: 0, errors: AcceptErrors::default() })
    }

    /// Waits for a permit of `limit` and accepts the next connection. If the future is dropped, no connection is lost.
    ///
    /// # Errors
    ///
    /// Returns the system's error if a listener does not listen any more. After other errors, accept is tried again.
    pub async fn accept(&mut self, limit: &ConnectionLimit) -> io::Result<Accepted> {
        let Self { listeners, next, errors } = self;
        let accepting = accept_within(limit, errors, |context| poll_listeners(listeners, next, context));
        let ((stream, peer), permit) = accepting.await?;
        Ok(Accepted { stream, peer, permit })
    }
}

/// Waits for a permit of `limit` and accepts the next connection with `poll_accept`, that of a listener of any kind. Holds no
/// permit while no connection arrives.
///
/// # Errors
///
/// Returns the system's error if the listener does not listen any more. After other errors, accept is tried again.
pub async fn accept_within<T>(
    limit: &ConnectionLimit,
    errors: &mut AcceptErrors,
    mut poll_accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> io::Result<(T, Permit)> {
    loop {
        let error = match accept_once(limit, &mut poll_accept).await {
            Ok(accepted) => {
                errors.accepted();
                return Ok(accepted);
            }
            Err(error) => error,
        };
        match errors.failed(&error, Instant::now()) {
            Retry::AtOnce => {}
            Retry::After(pause) => sleep(pause).await,
            Retry::Never => return Err(error),
        }
    }
}

async fn accept_once<T>(
    limit: &ConnectionLimit,
    mut poll_accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> io::Result<(T, Permit)> {
    loop {
        let mut first_permit = Some(limit.permit().await);
        let accepted = poll_fn(|context| {
            // Returning Pending drops the permit. When a connection arrives, another acceptor may have the last permit.
            let Some(permit) = first_permit.take().or_else(|| limit.try_permit()) else { return Poll::Ready(None) };
            poll_accept(context).map_ok(|accepted| (accepted, permit)).map(Some)
        });
        if let Some(accepted) = accepted.await {
            return accepted;
        }
    }
}

/// Accepts a connection at one of `listeners`, which take turns from `next` on.
fn poll_listeners(
    listeners: &[TcpListener],
    next: &mut usize,
    context: &mut Context<'_>,
) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
    for _ in 0..listeners.len() {
        let listener = &listeners[*next];
        *next = (*next + 1) % listeners.len();
        if let Poll::Ready(accepted) = listener.poll_accept(context) {
            return Poll::Ready(accepted);
        }
    }
    Poll::Pending
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use launcelot_testing::wait::{DEADLINE, within};

    use super::*;

    fn acceptor_and_port() -> (Acceptor, u16) {
        let listeners = Listeners::bind("127.0.0.1", 0, 16).unwrap();
        let port = listeners.port;
        (Acceptor::new(listeners).unwrap(), port)
    }

    async fn next(acceptor: &mut Acceptor, limit: &ConnectionLimit) -> Accepted {
        within(DEADLINE, "a connection", acceptor.accept(limit)).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_waits_for_a_permit() {
        let (mut acceptor, port) = acceptor_and_port();
        let limit = ConnectionLimit::new(NonZeroU32::MIN);
        let _clients = [launcelot_testing::sockets::connect(port), launcelot_testing::sockets::connect(port)];
        let first = next(&mut acceptor, &limit).await;
        assert!(acceptor.accept(&limit).now_or_never().is_none());
        drop(first);
        next(&mut acceptor, &limit).await;
    }

    #[tokio::test]
    async fn an_idle_acceptor_leaves_the_permit_to_another() {
        let limit = ConnectionLimit::new(NonZeroU32::MIN);
        let (mut idle, _) = acceptor_and_port();
        let mut idle = pin!(idle.accept(&limit));
        assert!(idle.as_mut().now_or_never().is_none());
        let (mut busy, port) = acceptor_and_port();
        let _client = launcelot_testing::sockets::connect(port);
        next(&mut busy, &limit).await;
    }
}

//! Accepting connections in a task.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use launcelot_endpoint::listen::Listeners;
use tokio::net::{TcpListener, TcpStream};

use crate::accept_errors::AcceptErrors;
use crate::error::ServeError;
use crate::runtime::limit::{ConnectionLimit, Permit};

/// Accepts from all listeners in turn, so that clients at one address cannot starve those at another.
pub(crate) struct Acceptor {
    listeners: Vec<TcpListener>,
    /// The index of the listener to try first.
    next: usize,
    errors: AcceptErrors,
}

/// A connection with its permit.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) client: SocketAddr,
    pub(crate) permit: Permit,
}

impl Acceptor {
    pub(crate) fn new(listeners: Listeners) -> Result<Self, ServeError> {
        let mut acceptor = Self { listeners: Vec::new(), next: 0, errors: AcceptErrors::default() };
        for socket in listeners.sockets {
            acceptor.listeners.push(TcpListener::from_std(socket).map_err(ServeError::Start)?);
        }
        Ok(acceptor)
    }

    /// Waits for a permit and the next connection. Pauses after errors that mean a shortage.
    pub(crate) async fn accept(&mut self, limit: &ConnectionLimit) -> Result<Accepted, ServeError> {
        loop {
            match self.try_accept(limit).await {
                Ok(accepted) => return Ok(accepted),
                Err(error) => {
                    if let Some(pause) = self.errors.pause_after(error)? {
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
    }

    /// A connection still in the backlog costs nothing, and an idle acceptor holds no permit: it gives its permit back
    /// while it waits for a connection, and other acceptors may take it.
    async fn try_accept(&mut self, limit: &ConnectionLimit) -> io::Result<Accepted> {
        loop {
            let mut permit = Some(limit.acquire().await);
            let accepted = poll_fn(|context| {
                let Some(permit) = permit.take().or_else(|| limit.try_acquire()) else {
                    return Poll::Ready(None);
                };
                match self.poll_accept(context) {
                    Poll::Ready(Ok((stream, client))) => Poll::Ready(Some(Ok(Accepted { stream, client, permit }))),
                    Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                    Poll::Pending => Poll::Pending,
                }
            });
            if let Some(accepted) = accepted.await {
                return accepted;
            }
        }
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        for _ in 0..self.listeners.len() {
            let listener = &self.listeners[self.next];
            self.next = (self.next + 1) % self.listeners.len();
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

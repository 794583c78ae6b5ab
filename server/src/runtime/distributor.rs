//! Distributing the connections that one thread accepts among several threads, each with a runtime of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use launcelot_endpoint::accept::{Accepted, Acceptor};
use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::limit::{ConnectionLimit, Permit};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::error::ServeError;
use crate::runtime::spawn_session;
use crate::session::service::Service;

/// A connection on its way to the thread that will serve it. Its socket is registered with no runtime.
pub(crate) struct Detached {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    permit: Permit,
}

impl Detached {
    fn new(accepted: Accepted) -> io::Result<Self> {
        let Accepted { stream, peer, permit } = accepted;
        Ok(Self { stream: stream.into_std()?, peer, permit })
    }

    /// Registers the socket with the runtime of the calling thread.
    fn attach(self) -> io::Result<Accepted> {
        let Self { stream, peer, permit } = self;
        Ok(Accepted { stream: TcpStream::from_std(stream)?, peer, permit })
    }
}

/// Accepts clients and distributes them round-robin among the other threads and this one.
pub(crate) async fn accept_and_distribute(
    mut acceptor: Acceptor,
    others: Vec<UnboundedSender<Detached>>,
    limit: &ConnectionLimit,
    service: &Arc<Service>,
) -> Result<(), ServeError> {
    let mut next = 0;
    loop {
        let accepted = acceptor.accept(limit).await.map_err(ServeError::Accept)?;
        match others.get(next) {
            Some(other) => {
                next += 1;
                send(accepted, other);
            }
            None => {
                next = 0;
                spawn_session(accepted, service);
            }
        }
    }
}

fn send(accepted: Accepted, thread: &UnboundedSender<Detached>) {
    match Detached::new(accepted) {
        Ok(detached) => {
            // Fails only if the other thread has seen the stop before this one. Then the connection is closed, like those
            // in the backlog.
            let _ = thread.send(detached);
        }
        Err(error) => tracing::warn!("cannot pass a connection to another thread: {}", one_line(&error)),
    }
}

/// Serves the connections that another thread has accepted, until that thread stops accepting.
pub(crate) async fn receive_loop(
    mut connections: UnboundedReceiver<Detached>,
    service: &Arc<Service>,
) -> Result<(), ServeError> {
    while let Some(detached) = connections.recv().await {
        match detached.attach() {
            Ok(accepted) => spawn_session(accepted, service),
            Err(error) => tracing::warn!("cannot serve a connection of another thread: {}", one_line(&error)),
        }
    }
    Ok(())
}

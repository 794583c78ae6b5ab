//! Every client at once, each in a task of its own.
//!
//! All tasks wait in one place, the kernel's epoll, which costs a waiting client no thread and no
//! buffer. As many threads as there are processors take turns at whichever tasks have something to
//! read, so under load clients wait for a processor and never for each other. One more thread, the
//! caller's, waits for new clients, and at the limit of connections for an old one to leave.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::Poll;
use std::thread::available_parallelism;

use launcelot_endpoint::listen::Listeners;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ServeError;
use crate::accepting::AcceptErrors;
use crate::options::Options;
use crate::session::Session;
use crate::stop::Stop;
use crate::task;

pub(super) fn serve(listeners: Listeners, options: &Options, stop: &Stop) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(available_parallelism().map_or(1, NonZeroUsize::get))
        .thread_name("async worker")
        .enable_io()
        .enable_time()
        .build()
        .map_err(ServeError::Start)?;
    // To drop the runtime drops its tasks: the conversations that the grace was too short for.
    runtime.block_on(async {
        let room = Room::new(options);
        let door = Door::new(listeners)?;
        let requested = stop.requested().map_err(ServeError::Start)?;
        tokio::select! {
            never = welcome(door, &room, options) => match never? {},
            requested = requested => requested.map_err(ServeError::Wait)?,
        }
        // The door is closed: it belonged to the future that was dropped just now.
        let _ = tokio::time::timeout(options.grace, room.is_empty()).await;
        Ok(())
    })
}

/// Accepts clients for ever, and starts a task for each.
async fn welcome(mut door: Door, room: &Room, options: &Options) -> Result<std::convert::Infallible, ServeError> {
    let mut errors = AcceptErrors::default();
    loop {
        let place = room.place().await;
        match door.next_client().await {
            Ok((stream, client)) => {
                let session = Session::begin(&stream, client, options);
                tokio::spawn(async move {
                    task::attend(stream, session).await;
                    drop(place);
                });
            }
            Err(error) => {
                if let Some(pause) = errors.pause_after(error)? {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// The listeners, in turn, so that clients at one address cannot keep out those at another.
struct Door {
    listeners: Vec<TcpListener>,
    next: usize,
}

impl Door {
    fn new(listeners: Listeners) -> Result<Self, ServeError> {
        let listeners = listeners.sockets.into_iter().map(TcpListener::from_std).collect::<io::Result<_>>();
        Ok(Self { listeners: listeners.map_err(ServeError::Start)?, next: 0 })
    }

    async fn next_client(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|context| {
            for _ in 0..self.listeners.len() {
                let listener = &self.listeners[self.next];
                self.next = (self.next + 1) % self.listeners.len();
                if let Poll::Ready(accepted) = listener.poll_accept(context) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The places for connections.
struct Room {
    places: Arc<Semaphore>,
    count: u32,
}

impl Room {
    fn new(options: &Options) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let count = options.max_connections.get().min(most);
        Self { places: Arc::new(Semaphore::new(count as usize)), count }
    }

    /// Waits for a place, before there is a client to take it: who is not accepted yet costs nothing.
    async fn place(&self) -> OwnedSemaphorePermit {
        if self.places.available_permits() == 0 {
            tracing::info!(connections = self.count, "full: further clients wait until one leaves");
        }
        Arc::clone(&self.places).acquire_owned().await.expect("nobody closes this semaphore")
    }

    /// Waits until every connection has ended.
    async fn is_empty(&self) {
        let _all = self.places.acquire_many(self.count).await.expect("nobody closes this semaphore");
    }
}

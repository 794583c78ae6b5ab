//! Waiting in a runtime of tokio: letting clients in, each into a task of its own.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use launcelot_endpoint::listen::Listeners;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ServeError;
use crate::accepting::AcceptErrors;
use crate::options::Options;
use crate::service::{Service, answer_at_once};
use crate::stop::Stop;
use crate::task;

/// After how many turns of its tasks a thread looks for events. With tokio's default of 61, a
/// thousand busy clients cost one more system call for every 61 questions, and those whose events
/// come late wait behind the others again and again.
const TURNS_BETWEEN_EVENTS: u32 = 1024;

/// Builds a runtime with what the tasks here need.
pub(crate) fn build(builder: &mut Builder) -> Result<Runtime, ServeError> {
    builder.enable_io().enable_time().event_interval(TURNS_BETWEEN_EVENTS).build().map_err(ServeError::Start)
}

/// What waits for the stop in that runtime.
pub(crate) fn requested(
    runtime: &Runtime,
    stop: &Stop,
) -> Result<impl Future<Output = io::Result<()>> + use<>, ServeError> {
    let _context = runtime.enter();
    stop.requested().map_err(ServeError::Start)
}

/// Serves in the runtime that this runs in: lets clients in until the stop is requested, and then
/// waits for those in the room, but no longer than the grace.
pub(crate) async fn serve(
    listeners: Listeners,
    requested: impl Future<Output = io::Result<()>>,
    room: &Room,
    service: &Arc<Service>,
) -> Result<(), ServeError> {
    let door = Door::new(listeners)?;
    tokio::select! {
        never = welcome(door, room, service) => match never? {},
        requested = requested => requested.map_err(ServeError::Wait)?,
    }
    // The door is closed: it belonged to the future that was dropped just now.
    let _ = tokio::time::timeout(service.options.grace, room.is_empty()).await;
    Ok(())
}

/// Lets in clients for ever, and starts a task for each.
async fn welcome(mut door: Door, room: &Room, service: &Arc<Service>) -> Result<Infallible, ServeError> {
    let mut errors = AcceptErrors::default();
    loop {
        match door.next_client(room).await {
            Ok((stream, client, place)) => {
                let watcher = service.accepted(client, || stream.local_addr());
                answer_at_once(&stream);
                let session = service.begin(client, watcher);
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

    /// Waits for a client and a place for it. Who is not let in yet costs nothing, and while nobody
    /// comes to this door, its place can be had at another.
    async fn next_client(&mut self, room: &Room) -> io::Result<(TcpStream, SocketAddr, Place)> {
        loop {
            let mut place = Some(room.place().await);
            let accepted = poll_fn(|context| {
                let Some(place) = place.take().or_else(|| room.free_place()) else { return Poll::Ready(None) };
                self.poll_accept(context).map_ok(|(stream, client)| (stream, client, place)).map(Some)
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

/// The places for connections. A clone is the same room.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    count: u32,
}

/// A place that is taken, until it is dropped.
type Place = OwnedSemaphorePermit;

impl Room {
    pub(crate) fn new(options: &Options) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let count = options.max_connections.get().min(most);
        Self { places: Arc::new(Semaphore::new(count as usize)), count }
    }

    async fn place(&self) -> Place {
        if self.places.available_permits() == 0 {
            tracing::info!(connections = self.count, "full: further clients wait until one leaves");
        }
        Arc::clone(&self.places).acquire_owned().await.expect("nobody closes this semaphore")
    }

    fn free_place(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Waits until every connection has ended.
    async fn is_empty(&self) {
        let _all = self.places.acquire_many(self.count).await.expect("nobody closes this semaphore");
    }
}

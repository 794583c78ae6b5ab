//! The relay: bytes from a client's WebSocket to a server's TCP connection and back, in one task.
//!
//! Each turn reads once from each side into a buffer of the thread, turns frames into bytes or bytes into a frame in place,
//! and writes once to the other side. Only what the other side does not take is kept, [`BUFFER_BYTES`] at most, and that
//! side's peer is not read until it is gone (backpressure). Neither direction ever waits for the other.
//!
//! - `client` and `server`: the two connections. `queue`: what a connection did not take.
//! - `watchdog`: pings, and the idle timeout. [`ending`]: why a relay ended.
//! - `linger`: closing so that nothing is lost.
//! - `pace`: bulk transfer or short messages. [`bulk_threads`]: where bulk transfers run.

pub mod bulk_threads;
mod client;
pub mod ending;
mod linger;
mod pace;
mod queue;
mod server;
mod watchdog;

use std::cell::RefCell;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use launcelot_endpoint::observe::{ConnectionObserver, Observed, Point};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::frame::encode::SERVER_HEADER_MAX_BYTES;
use crate::transport::Transport;
pub use bulk_threads::BulkThreads;
use client::{Client, Received};
pub use ending::Ending;
pub use linger::refuse;
use pace::Pace;
use server::Server;
use watchdog::{Sight, Verdict, Watchdog};

/// The most bytes that are read at once, and the most that wait for one side, until a transfer turns out to be a large one.
pub const BUFFER_BYTES: usize = 64 * 1024;

/// The most bytes that are read at once, and that may wait, where both sides have taken all. As many at once take a third less
/// processor time, and with [`BUFFER_BYTES`] in the other direction they are below 256 KiB.
pub const LARGE_BUFFER_BYTES: usize = 160 * 1024;

/// The client is not read while there is less room than this for its bytes.
const READ_MIN_BYTES: usize = 4 * 1024;

/// How many turns a task has at most before the other tasks of its thread have theirs.
const TURNS: usize = 16;

/// After this number of bytes, a task has had its turns. A task that relays much then waits until the others of its thread have
/// had theirs, and until the thread has looked for events: clients whose messages are short do not wait longer for it.
const TURNS_MAX_BYTES: u64 = LARGE_BUFFER_BYTES as u64;

thread_local! {
    /// The buffer of all relays of a thread. What is in it is written or kept before the next read.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SERVER_HEADER_MAX_BYTES + LARGE_BUFFER_BYTES].into_boxed_slice());
}

/// Has the task polled again, after all others of its thread and after the thread has looked for events.
fn poll_again(cx: &mut Context<'_>) {
    // When it is polled first, the future leaves the waker to the runtime. It is not needed any more.
    let _yielding = pin!(yield_now()).poll(cx);
}

/// The limits of a relay.
#[derive(Debug, Clone, Copy)]
pub struct RelayOptions {
    /// How long no byte may move; zero disables the timeout.
    pub idle_timeout: Duration,
    /// How long the replies to a client that has closed are waited for, and a peer that has nothing more to get.
    pub linger: Duration,
    /// How often a client is pinged; zero disables pings.
    pub ping_interval: Duration,
    /// Maximum number of bytes in a message of a client.
    pub max_message_bytes: usize,
}

/// What was relayed, and how it ended.
#[derive(Debug)]
pub struct Relayed {
    /// Number of bytes that were received from the client.
    pub from_client: u64,
    /// Number of bytes that were received from the server.
    pub from_server: u64,
    /// Why it ended.
    pub ending: Ending,
}

/// Relays bytes between `client`, whose WebSocket handshake is over, and `server`. `early` are the client's bytes that were
/// read with the handshake. Ends when one of them does, no byte moves for the idle timeout, or `stop` is cancelled, and
/// returns when both connections are closed.
///
/// An `observer` is told of all bytes. While it is a bulk transfer, the relay runs on one of `bulk_threads`, if there are any.
pub async fn relay<C, S>(
    client: C,
    early: Bytes,
    server: S,
    options: &RelayOptions,
    stop: CancellationToken,
    observer: Option<Box<dyn ConnectionObserver>>,
    bulk_threads: Option<&BulkThreads>,
) -> Relayed
where
    C: Transport + Send + 'static,
    S: Transport + Send + 'static,
{
    let relay = Relay::new(client, early, server, options.max_message_bytes, observer);
    let watchdog = Watchdog::new(options.idle_timeout, options.ping_interval);
    let mut running = Box::new(Running { relay, watchdog, stop, pace: Pace::default() });
    let ending = loop {
        let ending;
        match bulk_threads {
            Some(threads) if running.pace.is_bulk() => {
                (running, ending) = threads.run(running.run_on_this_thread()).await;
                running.relay.move_to_this_event_loop();
            }
            _ => ending = running.run().await,
        }
        if let Some(ending) = ending {
            break ending;
        }
    };
    // Boxed, so that a relay that runs has no memory for its end.
    Box::pin(running.relay.linger(&ending, options)).await;
    let Relay { from_client, from_server, .. } = running.relay;
    Box::pin(running.relay.close(&ending, options)).await;
    Relayed { from_client, from_server, ending }
}

/// What comes from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// There may be more.
    Open,
    /// It has ended after a whole message.
    Complete,
    /// It has ended within a message, by an error, or by a violation of the protocol.
    Truncated,
}

/// How many bytes are read at once from one side.
#[derive(Debug, Clone, Copy)]
struct ReadSize(usize);

impl ReadSize {
    /// Adapts to a read that gave `read_bytes`, of which `waiting_bytes` wait for the other side.
    fn adapt(&mut self, read_bytes: usize, waiting_bytes: usize) {
        if waiting_bytes > 0 {
            self.0 = BUFFER_BYTES;
        } else if read_bytes >= self.0 {
            self.0 = LARGE_BUFFER_BYTES;
        }
    }
}

/// A relay with what ends it, in one piece that moves between threads.
struct Running<C, S> {
    relay: Relay<C, S>,
    watchdog: Watchdog,
    stop: CancellationToken,
    pace: Pace,
}

impl<C: Transport, S: Transport> Running<C, S> {
    /// Relays until the end. Returns `None` if the transfer has become bulk, or has stopped being bulk.
    async fn run(&mut self) -> Option<Ending> {
        let Self { relay, watchdog, stop, pace } = self;
        let mut stopped = pin!(stop.cancelled());
        poll_fn(|cx| {
            let moved_before = relay.from_client + relay.from_server;
            if let Poll::Ready(ending) = relay.poll_turns(cx) {
                return Poll::Ready(Some(ending));
            }
            if pace.count(relay.from_client + relay.from_server - moved_before) {
                return Poll::Ready(None);
            }
            while let Poll::Ready(now) = watchdog.poll(cx) {
                match watchdog.check(now, relay.sight()) {
                    Verdict::Well => {}
                    Verdict::Ping => relay.ping(cx),
                    Verdict::End(ending) => return Poll::Ready(Some(ending)),
                }
            }
            stopped.as_mut().poll(cx).map(|()| Some(Ending::Stopped))
        })
        .await
    }

    /// Runs as a task of another thread.
    async fn run_on_this_thread(mut self: Box<Self>) -> (Box<Self>, Option<Ending>) {
        self.relay.move_to_this_event_loop();
        let ending = self.run().await;
        (self, ending)
    }
}

struct Relay<C, S> {
    client: Client<C>,
    server: Server<S>,
    client_read_size: ReadSize,
    server_read_size: ReadSize,
    observed: Observed,
    from_client: u64,
    from_server: u64,
    input: Input,
    /// Whether nothing more can be sent to the client.
    is_client_gone: bool,
    /// Whether a write has told that the client's connection broke. The system tells it once: reads then find the end of the
    /// stream.
    is_client_broken: bool,
}

impl<C: Transport, S: Transport> Relay<C, S> {
    fn new(
        client: C,
        early: Bytes,
        server: S,
        max_message_bytes: usize,
        observer: Option<Box<dyn ConnectionObserver>>,
    ) -> Self {
        Self {
            client: Client::new(client, early, max_message_bytes),
            server: Server::new(server),
            client_read_size: ReadSize(BUFFER_BYTES),
            server_read_size: ReadSize(BUFFER_BYTES),
            observed: Observed::by(observer),
            from_client: 0,
            from_server: 0,
            input: Input::Open,
            is_client_gone: false,
            is_client_broken: false,
        }
    }

    fn move_to_this_event_loop(&mut self) {
        self.client.stream.move_to_this_event_loop();
        self.server.stream.move_to_this_event_loop();
    }

    /// Moves what can be moved, in both directions.
    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let mut may_move_up = true;
        let mut may_move_down = true;
        let moved_max = self.from_client + self.from_server + TURNS_MAX_BYTES;
        for _ in 0..TURNS {
            if may_move_up {
                match self.poll_up(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(ending)) => return Poll::Ready(ending),
                    Poll::Pending => may_move_up = false,
                }
            }
            // A ping that was just received has left a pong to send.
            if may_move_down || !self.client.is_flushed() {
                match self.poll_down(cx) {
                    Poll::Ready(Ok(())) => may_move_down = true,
                    Poll::Ready(Err(ending)) => return Poll::Ready(ending),
                    Poll::Pending => may_move_down = false,
                }
            }
            if !may_move_up && !may_move_down {
                return Poll::Pending;
            }
            if self.from_client + self.from_server >= moved_max {
                break;
            }
        }
        poll_again(cx);
        Poll::Pending
    }

    /// Relays what one read of the client gives. Pending if there is nothing to read, or no room for it.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        let _flushed = self.server.poll_flush(cx);
        let room = self.room_for_client();
        if room == 0 {
            return Poll::Pending;
        }
        BUFFER.with_borrow_mut(|buffer| {
            let Received { read_bytes, payload_bytes, end } = ready!(self.client.poll_receive(&mut buffer[..room], cx));
            if payload_bytes > 0 {
                self.from_client += payload_bytes as u64;
                self.observed.record(Point::FromClient, payload_bytes);
                self.observed.record_write(Point::ToServer, payload_bytes);
                self.server.send(&buffer[..payload_bytes], cx);
                self.observed.report();
            }
            self.client_read_size.adapt(read_bytes, self.server.waiting_bytes());
            let Some(end) = end else { return Poll::Ready(Ok(())) };
            let is_complete = match end {
                Ending::ClientClosed(_) => true,
                Ending::ClientGone(None) => !self.client.is_within_message() && !self.is_client_broken,
                _ => false,
            };
            self.input = if is_complete { Input::Complete } else { Input::Truncated };
            self.is_client_gone |= matches!(end, Ending::ClientGone(_));
            Poll::Ready(Err(end))
        })
    }

    /// Returns how many bytes may be read from the client.
    fn room_for_client(&self) -> usize {
        let room = self.read_bytes_max(self.client_read_size).saturating_sub(self.server.waiting_bytes());
        if room < READ_MIN_BYTES { 0 } else { room }
    }

    /// Returns how many bytes may be read at once from a side whose transfer is of this size.
    fn read_bytes_max(&self, size: ReadSize) -> usize {
        if self.client.waiting_bytes() + self.server.waiting_bytes() > 0 { BUFFER_BYTES } else { size.0 }
    }

    /// Relays what one read of the server gives. Pending if there is nothing to read, or the client has not taken what was
    /// read before.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        ready!(self.client.poll_flush(cx)).map_err(|error| self.lose_client(error))?;
        BUFFER.with_borrow_mut(|buffer| {
            let end = SERVER_HEADER_MAX_BYTES + self.read_bytes_max(self.server_read_size);
            let payload_bytes = match ready!(self.server.poll_read(&mut buffer[SERVER_HEADER_MAX_BYTES..end], cx)) {
                Ok(0) => return Poll::Ready(Err(self.end_server(None))),
                Ok(payload_bytes) => payload_bytes,
                Err(error) => return Poll::Ready(Err(self.end_server(Some(error)))),
            };
            self.from_server += payload_bytes as u64;
            self.observed.record(Point::FromServer, payload_bytes);
            self.observed.record_write(Point::ToClient, payload_bytes);
            let sent = self.client.send(buffer, payload_bytes, cx);
            self.observed.report();
            self.server_read_size.adapt(payload_bytes, self.client.waiting_bytes());
            Poll::Ready(sent.map_err(|error| self.lose_client(error)))
        })
    }

    /// Notes that a write to the client has failed. A broken pipe is the report of a client that had ended its stream before it
    /// was written to.
    fn lose_client(&mut self, error: io::Error) -> Ending {
        self.is_client_gone = true;
        self.is_client_broken |= error.kind() != io::ErrorKind::BrokenPipe;
        Ending::ClientGone(Some(error))
    }

    /// Returns how the server ended what it sends. The system reports a reset once, maybe to a write. A broken pipe is
    /// the report of a server that had closed before it was written to.
    fn end_server(&mut self, read_error: Option<io::Error>) -> Ending {
        match read_error.or_else(|| self.server.take_failure()) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Ending::ServerBroke(error),
            _ => Ending::ServerClosed,
        }
    }

    fn ping(&mut self, cx: &Context<'_>) {
        self.client.push_ping();
        // The next turn sends it.
        cx.waker().wake_by_ref();
    }

    /// Looks at what the watchdog has to know. The client counts as heard until the next look.
    fn sight(&mut self) -> Sight {
        let moved = self.from_client + self.from_server + self.client.acknowledged_data() + self.server.acknowledged();
        let is_read = self.room_for_client() > 0;
        Sight {
            moved,
            sent: self.client.sent_data(),
            is_heard: std::mem::take(&mut self.client.is_heard),
            may_demand_pong: is_read && self.client.has_everything(),
            has_hung_up: !is_read && self.client.stream.has_hung_up(),
        }
    }
}

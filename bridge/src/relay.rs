//! The relay: bytes from a WebSocket to a TCP connection and back, in one task.
//!
//! Each turn takes every message that is ready and writes them to TCP at once, then reads what TCP
//! has and sends it as one binary message. So there are few system calls, and nothing waits for
//! company.
//!
//! Memory is bounded both ways, because each side is read only as fast as the other takes it:
//! messages are taken only while fewer than [`HIGH_WATER_BYTES`] wait for TCP, and TCP is read only
//! when what was read before is with the system. Neither direction ever waits for the other.
//!
//! It knows neither the sockets nor the bridge, so that tests can drive it by hand.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::future::join;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use launcelot_endpoint::observe::{ConnectionObserver, Observed, Point};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::io::poll_read_buf;
use tungstenite::{Error, Message};

use crate::close_code::{CloseCode, frame};
use crate::goodbye::{PATIENCE, close_websocket, deliver};

/// The most bytes that are read from TCP at once, and so the longest message to the browser.
pub const CHUNK_BYTES: usize = 16 * 1024;

/// While so many bytes wait to be written to TCP, no message is taken. One message more may wait.
pub const HIGH_WATER_BYTES: usize = 64 * 1024;

/// How much of its buffer a connection keeps when nothing waits in it.
const KEPT_BYTES: usize = 4 * 1024;

/// How many messages are taken in one turn, however small they are.
const MESSAGES_A_TURN: usize = 1024;

/// How many turns a task has before the other tasks of its thread have theirs.
const TURNS: usize = 16;

thread_local! {
    /// Where TCP is read to. The WebSocket has copied a message before the next is read, so that one
    /// buffer serves all connections of a thread, and one that waits owns none.
    static SCRATCH: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

/// What was carried, and how it ended.
#[derive(Debug)]
pub struct Carried {
    /// Bytes taken from the browser.
    pub from_browser: u64,
    /// Bytes read from the server.
    pub from_server: u64,
    /// How it ended.
    pub ending: Ending,
}

/// How a relay ended.
#[derive(Debug)]
pub enum Ending {
    /// The browser closed the WebSocket.
    BrowserClosed,
    /// The browser went away without closing; why, where that is known.
    BrowserGone(Option<Error>),
    /// The browser did what it must not.
    BrowserFault(CloseCode, Error),
    /// The server closed the connection, or its half of it.
    ServerClosed,
    /// The connection to the server broke.
    ServerReset(io::Error),
    /// Nothing was said for too long.
    Idle,
    /// The bridge is stopping.
    Stopped,
}

impl Ending {
    /// What the browser is told, if it does not know already.
    pub fn code(&self) -> Option<CloseCode> {
        match self {
            Self::BrowserClosed | Self::BrowserGone(_) => None,
            Self::BrowserFault(code, _) => Some(*code),
            Self::ServerClosed => Some(CloseCode::ServerClosed),
            Self::ServerReset(_) => Some(CloseCode::ServerReset),
            Self::Idle => Some(CloseCode::Idle),
            Self::Stopped => Some(CloseCode::BridgeStopping),
        }
    }

    fn from_websocket(error: Error) -> Self {
        match CloseCode::for_fault(&error) {
            Some(code) => Self::BrowserFault(code, error),
            None => Self::BrowserGone(Some(error)),
        }
    }
}

/// Carries bytes between `websocket` and `tcp` until one of them ends, nothing is said for
/// `idle_timeout` (zero: for ever), or `stop` completes. Then it delivers to TCP what was taken, and
/// tells the browser why, or answers its close. The connections themselves are the caller's to close.
///
/// After a flush, `websocket` must have room for a message of [`CHUNK_BYTES`]. If there is a `watcher`, it
/// is told of all bytes.
pub async fn relay<W, T>(
    websocket: &mut W,
    tcp: &mut T,
    idle_timeout: Duration,
    stop: impl Future<Output = ()>,
    watcher: Option<Box<dyn ConnectionObserver>>,
) -> Carried
where
    W: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut relay = Relay {
        websocket,
        tcp,
        to_tcp: Vec::new(),
        written: 0,
        announced: 0,
        write_failure: None,
        unflushed: false,
        active: false,
        from_browser: 0,
        from_server: 0,
        watched: Observed::by(watcher),
    };
    let ending = relay.carry(idle_timeout, stop).await;
    let Relay { from_browser, from_server, .. } = relay;
    relay.end(&ending).await;
    Carried { from_browser, from_server, ending }
}

struct Relay<'a, W, T> {
    websocket: &'a mut W,
    tcp: &'a mut T,
    /// What the browser said; TCP has the first `written` bytes of it.
    to_tcp: Vec<u8>,
    written: usize,
    /// How many pending bytes have been recorded; recorded once, before the first write.
    announced: usize,
    /// Why TCP takes nothing any more. What it still has to say is read nevertheless.
    write_failure: Option<io::Error>,
    /// Whether the WebSocket may hold something that is not with the system yet: a message or a pong.
    unflushed: bool,
    /// Whether anything moved since this was last looked at.
    active: bool,
    from_browser: u64,
    from_server: u64,
    watched: Observed,
}

impl<W, T> Relay<'_, W, T>
where
    W: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    async fn carry(&mut self, idle_timeout: Duration, stop: impl Future<Output = ()>) -> Ending {
        let idle_timeout = if idle_timeout.is_zero() { Duration::MAX } else { idle_timeout };
        let mut stop = pin!(stop);
        let mut idle = pin!(sleep(idle_timeout));
        let mut last_active = Instant::now();
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ending::Stopped);
            }
            let over = self.poll_turns(cx);
            if over.is_ready() {
                return over;
            }
            if std::mem::take(&mut self.active) {
                last_active = Instant::now();
            }
            // The timer is moved only when it fires, not with every message.
            while idle.as_mut().poll(cx).is_ready() {
                if last_active.elapsed() >= idle_timeout {
                    return Poll::Ready(Ending::Idle);
                }
                idle.as_mut().reset(last_active + idle_timeout);
            }
            Poll::Pending
        })
        .await
    }

    /// Moves what can be moved, in both directions.
    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let (mut up, mut down) = (true, true);
        for _ in 0..TURNS {
            if up {
                match self.poll_up(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(ending)) => return Poll::Ready(ending),
                    Poll::Pending => up = false,
                }
            }
            // A ping that was just taken has left a pong to flush.
            if down || self.unflushed {
                match self.poll_down(cx) {
                    Poll::Ready(Ok(())) => down = true,
                    Poll::Ready(Err(ending)) => return Poll::Ready(ending),
                    Poll::Pending => down = false,
                }
            }
            if !up && !down {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// From the browser to the server, one turn. Pending when there is nothing to take, or no room
    /// to take it.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        let taken = self.poll_take(cx);
        let written = self.poll_write(cx);
        match taken {
            Poll::Ready(Ok(())) if written.is_pending() && self.is_full() => Poll::Pending,
            taken => taken,
        }
    }

    /// Takes messages until none is ready (then it is pending), or there are enough for this turn.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        for _ in 0..MESSAGES_A_TURN {
            if self.is_full() {
                break;
            }
            match ready!(self.websocket.poll_next_unpin(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.take(&bytes),
                Some(Ok(Message::Text(text))) => self.take(text.as_bytes()),
                Some(Ok(Message::Ping(_))) => self.unflushed = true,
                Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) => return Poll::Ready(Err(Ending::BrowserClosed)),
                Some(Err(error)) => return Poll::Ready(Err(Ending::from_websocket(error))),
                None => return Poll::Ready(Err(Ending::BrowserGone(None))),
            }
            self.active = true;
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, bytes: &[u8]) {
        self.watched.record(Point::FromClient, bytes.len());
        self.from_browser += bytes.len() as u64;
        if self.write_failure.is_some() {
            return;
        }
        if self.written > 0 {
            self.to_tcp.drain(..self.written);
            self.written = 0;
        }
        self.to_tcp.extend_from_slice(bytes);
    }

    fn waiting(&self) -> &[u8] {
        &self.to_tcp[self.written..]
    }

    fn is_full(&self) -> bool {
        self.waiting().len() >= HIGH_WATER_BYTES
    }

    /// Writes what waits for TCP; ready when nothing waits any more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let fresh = self.waiting().len() - self.announced;
        if fresh > 0 {
            self.watched.record_write(Point::ToServer, fresh);
            self.announced += fresh;
        }
        let written = self.poll_write_waiting(cx);
        self.watched.report();
        written
    }

    fn poll_write_waiting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.waiting().is_empty() {
            match ready!(Pin::new(&mut *self.tcp).poll_write(cx, &self.to_tcp[self.written..])) {
                Ok(0) => self.fail_writing(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.announced = self.announced.saturating_sub(bytes);
                    self.written += bytes;
                    self.active = true;
                }
                Err(error) => self.fail_writing(error),
            }
        }
        self.to_tcp.clear();
        self.to_tcp.shrink_to(KEPT_BYTES);
        self.written = 0;
        Poll::Ready(())
    }

    fn fail_writing(&mut self, error: io::Error) {
        self.write_failure = Some(error);
        self.written = self.to_tcp.len();
        self.announced = 0;
    }

    /// From the server to the browser, one turn. Pending when there is nothing to read, or what was
    /// read before is not with the system yet.
    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        ready!(self.poll_flush(cx))?;
        ready!(self.websocket.poll_ready_unpin(cx)).map_err(Ending::from_websocket)?;
        let bytes = ready!(poll_chunk(self.tcp, cx)).map_err(Ending::ServerReset)?;
        if bytes.is_empty() {
            return Poll::Ready(Err(self.server_closed()));
        }
        self.watched.record(Point::FromServer, bytes.len());
        self.active = true;
        self.from_server += bytes.len() as u64;
        self.watched.record_write(Point::ToClient, bytes.len());
        let sent = self.poll_send(bytes, cx);
        self.watched.report();
        sent
    }

    fn poll_send(&mut self, bytes: Bytes, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        self.websocket.start_send_unpin(Message::Binary(bytes)).map_err(Ending::from_websocket)?;
        self.unflushed = true;
        self.poll_flush(cx)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ending>> {
        if self.unflushed {
            ready!(self.websocket.poll_flush_unpin(cx)).map_err(Ending::from_websocket)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// How the server closed: the system reports a reset once, and a write may have got the report.
    fn server_closed(&mut self) -> Ending {
        match self.write_failure.take() {
            Some(error) if error.kind() == io::ErrorKind::ConnectionReset => Ending::ServerReset(error),
            _ => Ending::ServerClosed,
        }
    }

    /// Parts from both sides as `ending` demands, within a bounded time.
    async fn end(self, ending: &Ending) {
        let rest = deliver(self.tcp, &self.to_tcp[self.written..]);
        if let Some(code) = ending.code() {
            join(rest, close_websocket(self.websocket, frame(code, code.reason()))).await;
        } else {
            rest.await;
            // The answer to the browser's close waits to be flushed. If the browser is gone, that fails.
            let _ = timeout(PATIENCE, self.websocket.flush()).await;
        }
    }
}

/// Reads what is there, up to [`CHUNK_BYTES`]; nothing at the end.
fn poll_chunk<T: AsyncRead + Unpin>(tcp: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.reserve(CHUNK_BYTES);
        ready!(poll_read_buf(Pin::new(tcp), cx, &mut scratch.limit(CHUNK_BYTES)))?;
        Poll::Ready(Ok(scratch.split().freeze()))
    })
}

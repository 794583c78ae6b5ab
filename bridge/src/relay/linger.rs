//! Closing so that nothing is lost.
//!
//! A socket that is closed while input is unread answers with a reset, and a reset makes the other side's system throw away
//! what it has not handed on: the last replies, or the close frame. So the side that closes sends what is left, then the end of
//! the stream, and reads on until the other side has closed too. All of it may take long, as long as there is progress:
//! each wait is bounded by the time since the peer last acknowledged anything.
//!
//! What could not be delivered ends in a reset, so that no peer takes a truncated stream for a whole one. The server's
//! connection ends in one from the beginning, and until its stream is complete: a relay may be dropped at any time.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::client::Client;
use super::server::Server;
use super::{BUFFER, BUFFER_BYTES, Ending, Input, Relay, RelayOptions, TURNS, poll_again};
use crate::close_code::CloseCode;
use crate::transport::{Opaque, Transport};

/// How long a peer may acknowledge nothing, if there is no idle timeout.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How long a peer may acknowledge nothing when the bridge stops. What is left must be closed before the bridge drops all.
const PATIENCE_AT_STOP: Duration = Duration::from_secs(3);

/// How often the system is asked what a peer has acknowledged.
const CHECK_PERIOD: Duration = Duration::from_secs(1);

/// How much of a server's output is read that no client gets any more, so that the server reads its input to the end.
const UNWANTED_MAX_BYTES: usize = BUFFER_BYTES;

impl RelayOptions {
    /// Returns how long a peer may acknowledge nothing. That is long where the other side has closed in order, so that a
    /// peer may pause, and short where it has not, or where there was no progress already.
    fn stall_timeout(&self, ending: &Ending) -> Duration {
        match ending {
            Ending::ClientClosed(_) | Ending::ServerClosed | Ending::ServerBroke(_) if self.idle_timeout.is_zero() => {
                PATIENCE
            }
            Ending::ClientClosed(_) | Ending::ServerClosed | Ending::ServerBroke(_) => self.idle_timeout,
            Ending::Stopped => self.linger.min(PATIENCE_AT_STOP),
            _ => self.linger,
        }
    }
}

impl<C: Transport, S: Transport> Relay<C, S> {
    /// Relays what is still to be relayed after `ending`, and tells the client.
    pub(super) async fn linger(&mut self, ending: &Ending, options: &RelayOptions) {
        match ending {
            Ending::ClientClosed(_) => self.relay_replies(options.linger).await,
            Ending::Stopped => self.relay_arrived(options.stall_timeout(ending)).await,
            // The client may have closed before it was gone: what it sent is still there.
            Ending::ClientGone(Some(_)) => self.is_client_gone = true,
            Ending::ClientGone(None) | Ending::ClientSilent => {
                self.is_client_gone = true;
                if self.input == Input::Open {
                    self.input = Input::Truncated;
                }
            }
            _ => {}
        }
        let code = ending.close_code();
        self.close_websocket(code, &ending.close_reason(), options.stall_timeout(ending)).await;
    }

    /// The client has closed: delivers what it sent, ends the stream for the server, and relays replies until the server
    /// ends it too, or for `linger`.
    async fn relay_replies(&mut self, linger: Duration) {
        let replies = poll_fn(|cx| {
            let _shut = self.server.poll_shutdown(cx);
            for _ in 0..TURNS {
                match self.poll_down(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            poll_again(cx);
            Poll::Pending
        });
        // What comes after that, the client would throw away.
        let _ = timeout(linger, replies).await;
    }

    /// The bridge stops: relays what has arrived from the server.
    async fn relay_arrived(&mut self, stall_timeout: Duration) {
        let arrived = self.from_server + self.server.stream.available_bytes();
        let mut stall = Stall::new(stall_timeout, self.acknowledged());
        poll_fn(|cx| {
            if self.from_server >= arrived || self.poll_turns(cx).is_ready() {
                return Poll::Ready(());
            }
            stall.poll(cx, || self.acknowledged())
        })
        .await;
    }

    /// Sends the close frame behind all that is left for the client, and relays what the client still sends, until it
    /// closes too. A client that has got everything, or takes nothing more, has the timeout for that.
    async fn close_websocket(&mut self, code: Option<u16>, reason: &str, stall_timeout: Duration) {
        self.client.push_close(code, reason);
        let from_client_before = self.from_client;
        let mut stall = Stall::new(stall_timeout, self.close_progress());
        poll_fn(|cx| {
            if !self.is_client_gone && self.client.poll_flush(cx)?.is_pending() {
                // It may have to get rid of its own bytes before it reads.
                let _ended = self.poll_input(cx);
            } else if self.poll_input(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            stall.poll(cx, || self.close_progress()).map(Ok::<_, std::io::Error>)
        })
        .await
        .unwrap_or_else(|_| self.is_client_gone = true);
        if self.input == Input::Open {
            // One that has gone on sending would have more to send.
            let is_silent = self.from_client == from_client_before && self.room_for_client() > 0;
            let is_complete = is_silent && !self.client.is_within_message() && !self.is_client_gone;
            self.input = if is_complete { Input::Complete } else { Input::Truncated };
        }
    }

    /// Relays or discards what the client sends. Ready when nothing more comes that would be relayed.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.server.waiting_bytes() > 0 {
            let _discarded = self.server.poll_discard(&mut 0, cx);
        }
        for _ in 0..TURNS {
            if self.input != Input::Open {
                let _flushed = self.server.poll_flush(cx);
                if !self.is_client_gone {
                    let _discarded = self.client.poll_discard(cx);
                }
                return Poll::Ready(());
            }
            if self.poll_up(cx).is_pending() {
                return Poll::Pending;
            }
        }
        poll_again(cx);
        Poll::Pending
    }

    /// Returns the count that must grow while the WebSocket is being closed: the bytes that the client has acknowledged. Bytes
    /// that the client sends are not progress, because a client that ignores the close could send without end. If the client
    /// is gone, the count is of the bytes that the server has acknowledged, since those that arrived are still delivered.
    fn close_progress(&self) -> u64 {
        if self.is_client_gone { self.server.acknowledged() } else { self.client.acknowledged() }
    }

    fn acknowledged(&self) -> u64 {
        self.client.acknowledged() + self.server.acknowledged()
    }

    /// Closes both connections.
    pub(super) async fn close(self, ending: &Ending, options: &RelayOptions) {
        let is_complete = self.input == Input::Complete;
        let close_server = self.server.close(is_complete, options.stall_timeout(ending), options.linger);
        if self.is_client_gone {
            close_server.await;
        } else {
            join(self.client.close(options.linger), close_server).await;
        }
    }
}

impl<C: Transport> Client<C> {
    /// Ends the stream and waits for the client's end of it, as long as the client takes what is left.
    async fn close(mut self, linger: Duration) {
        let mut stall = Stall::new(linger, self.acknowledged());
        let is_delivered = poll_fn(|cx| {
            let flushed = self.poll_flush(cx);
            if let Poll::Ready(Err(_)) = flushed {
                return Poll::Ready(true);
            }
            let is_shut = flushed.is_ready() && Pin::new(&mut self.stream).poll_shutdown(cx).is_ready();
            if self.poll_discard(cx).is_ready() && is_shut {
                return Poll::Ready(true);
            }
            stall.poll(cx, || self.acknowledged()).map(|()| false)
        })
        .await;
        if !is_delivered && !self.has_everything() {
            self.stream.reset_when_dropped();
        }
    }

    /// Reads and throws away what comes. Ready at the end of the stream.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..TURNS {
                match self.poll_read(buffer, cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            poll_again(cx);
            Poll::Pending
        })
    }
}

impl<S: Transport> Server<S> {
    /// Delivers what is left, and ends the stream if it `is_complete`; otherwise resets the connection.
    async fn close(mut self, is_complete: bool, stall_timeout: Duration, linger: Duration) {
        let mut stall = Stall::new(stall_timeout, self.acknowledged());
        let is_sent = poll_fn(|cx| {
            if self.waiting_bytes() > 0 {
                // It may have to get rid of its own bytes before it reads.
                let _discarded = self.poll_discard(&mut 0, cx);
            }
            let sent = if is_complete { self.poll_shutdown(cx) } else { self.poll_flush(cx) };
            if sent.is_ready() {
                return Poll::Ready(true);
            }
            stall.poll(cx, || self.acknowledged()).map(|()| false)
        })
        .await;
        let is_ended = is_sent && self.wait_for_end(is_complete, linger).await;
        if !is_complete || !is_ended && !self.has_everything() {
            self.stream.reset_when_dropped();
        }
    }

    /// Waits until the server has what was sent, and has ended the stream if it `is_complete`. Returns whether it has.
    async fn wait_for_end(&mut self, is_complete: bool, linger: Duration) -> bool {
        let mut stall = Stall::new(linger, self.acknowledged());
        let mut unwanted_bytes = 0;
        poll_fn(|cx| {
            let is_over = if is_complete {
                self.poll_discard(&mut unwanted_bytes, cx).is_ready() || unwanted_bytes > UNWANTED_MAX_BYTES
            } else {
                self.has_everything()
            };
            if is_over { Poll::Ready(true) } else { stall.poll(cx, || self.acknowledged()).map(|()| false) }
        })
        .await
    }

    /// Reads and throws away what comes, and counts it. Ready at the end of the stream.
    fn poll_discard(&mut self, discarded_bytes: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
        BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..TURNS {
                match self.poll_read(buffer, cx) {
                    Poll::Ready(Ok(bytes @ 1..)) => *discarded_bytes += bytes,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            poll_again(cx);
            Poll::Pending
        })
    }
}

/// Closes the WebSocket of a client without a server, with `code` and `reason`. The client has `linger` to answer the close, and
/// the same time again to close its connection. Bytes that it sends or acknowledges do not extend these times.
pub async fn refuse<C: Transport>(client: C, early: Bytes, code: CloseCode, reason: &str, linger: Duration) {
    let mut relay = Relay::new(client, early, Opaque(tokio::io::empty()), usize::MAX, None);
    let closing = async {
        relay.close_websocket(Some(code.number()), reason, linger).await;
        if !relay.is_client_gone {
            relay.client.close(linger).await;
        }
    };
    // Otherwise a client could take the close frame byte by byte.
    let _ = timeout(2 * linger, closing).await;
}

/// Notices that a peer acknowledges nothing any more.
struct Stall {
    timer: Pin<Box<Sleep>>,
    period: Duration,
    timeout: Duration,
    acknowledged: u64,
    last_progress: Instant,
}

impl Stall {
    /// Watches a peer that has already acknowledged `acknowledged` bytes.
    fn new(timeout: Duration, acknowledged: u64) -> Self {
        let period = CHECK_PERIOD.min(timeout / 4);
        Self { timer: Box::pin(sleep(period)), period, timeout, acknowledged, last_progress: Instant::now() }
    }

    /// Ready when the number of `acknowledged` bytes has not grown for the timeout.
    fn poll(&mut self, cx: &mut Context<'_>, acknowledged: impl Fn() -> u64) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let acknowledged = acknowledged();
            if acknowledged > self.acknowledged {
                self.acknowledged = acknowledged;
                self.last_progress = now;
            } else if now - self.last_progress >= self.timeout {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(now + self.period);
        }
        Poll::Pending
    }
}

//! A client's connection that ends when the client takes too long.
//!
//! hyper has one timeout for the head of a request. It counts from the end of the last request, so that a connection cannot
//! be kept for longer than a head may take. Nothing bounds how long a response waits for a client that does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep};

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// From the first byte of a request's head to its last.
    pub(crate) head: Duration,
    /// Between a response and the next request.
    pub(crate) keep_alive: Duration,
    /// While it takes nothing of a response.
    pub(crate) response: Duration,
}

/// What the bridge waits for. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phase(Arc<PhaseState>);

#[derive(Debug, Default)]
struct PhaseState {
    phase: AtomicU8,
    /// Woken at the end of a response. hyper does not try again to read where a read was pending before, so that the
    /// timeout of the next request would not be set.
    reader: AtomicWaker,
    response_ended: Notify,
}

impl Phase {
    /// The head of a request is being read.
    const HEAD: u8 = 0;
    /// A request is being answered.
    const RESPONSE: u8 = 1;
    /// The next request has not begun.
    const IDLE: u8 = 2;

    fn get(&self) -> u8 {
        self.0.phase.load(Ordering::Relaxed)
    }

    fn set(&self, phase: u8) {
        self.0.phase.store(phase, Ordering::Relaxed);
    }

    /// Returns whether the head of a request is being read; of the first, whether or not it has begun.
    pub(crate) fn is_head(&self) -> bool {
        self.get() == Self::HEAD
    }

    /// Waits until no request is being answered.
    pub(crate) async fn response_ended(&self) {
        while self.get() == Self::RESPONSE {
            self.0.response_ended.notified().await;
        }
    }

    /// Notes that the head of a request has been read. The response is over when the guard is dropped.
    pub(crate) fn begin_response(&self) -> Responding {
        self.set(Self::RESPONSE);
        Responding(self.clone())
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Responding(Phase);

impl Drop for Responding {
    fn drop(&mut self) {
        let Self(phase) = self;
        phase.set(Phase::IDLE);
        phase.0.reader.wake();
        phase.0.response_ended.notify_one();
    }
}

/// The body of a response, which ends the response when it is dropped.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    pub(crate) body: Body,
    pub(crate) _responding: Responding,
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose reads and writes fail when the client takes too long.
#[derive(Debug)]
pub(crate) struct TimedStream<S> {
    stream: S,
    timeouts: Timeouts,
    phase: Phase,
    read_deadline: Pin<Box<Sleep>>,
    /// The phase for which the deadline of reading is set.
    read_phase: Option<u8>,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    /// Watches `stream`, whose first request has the timeout of a head from now on.
    pub(crate) fn new(stream: S, timeouts: Timeouts, phase: Phase) -> Self {
        let read_deadline = Box::pin(sleep(timeouts.head));
        Self { stream, timeouts, phase, read_deadline, read_phase: Some(Phase::HEAD), write_deadline: None }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// Pending until the client has taken too long to send its request.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let phase = self.phase.get();
        let timeout = match phase {
            Phase::HEAD => self.timeouts.head,
            Phase::IDLE => self.timeouts.keep_alive,
            _ => {
                self.phase.0.reader.register(cx.waker());
                self.read_phase = None;
                return Poll::Pending;
            }
        };
        if self.read_phase != Some(phase) {
            self.read_phase = Some(phase);
            self.read_deadline.as_mut().reset(Instant::now() + timeout);
        }
        ready!(self.read_deadline.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Passes the result of a write, a flush or a shutdown on, but fails if none was possible for too long.
    fn check_write<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_deadline = None;
            return written;
        }
        let timeout = self.timeouts.response;
        let deadline = self.write_deadline.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let filled = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if buf.filled().len() > filled && self.phase.get() == Phase::IDLE {
                self.phase.set(Phase::HEAD);
            }
            return Poll::Ready(read);
        }
        self.poll_read_deadline(cx).map(Err)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.check_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.check_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.check_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.check_write(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// A connection that takes everything at once, and never gets rid of it, as one that encrypts may.
    struct Full;

    impl AsyncWrite for Full {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_but_not_sent_for_too_long_is_an_error() {
        let [head, keep_alive, response] = [1, 2, 30].map(Duration::from_secs);
        let timeouts = Timeouts { head, keep_alive, response };
        let begin = Instant::now();
        let mut stream = TimedStream::new(Full, timeouts, Phase::default());
        stream.write_all(b"a response").await.unwrap();
        assert_eq!(stream.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed(), response);
        assert_eq!(stream.shutdown().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}

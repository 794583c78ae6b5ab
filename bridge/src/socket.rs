//! A WebSocket over an asynchronous stream, for one task.
//!
//! tungstenite speaks the protocol, over blocking streams; this makes it a `Stream` and a `Sink` of
//! messages. tokio-tungstenite does so too, for a reader and a writer in different tasks. The relay
//! is one task, and the wakers that keep two apart would cost it a tenth of its time.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::relay::CHUNK_BYTES;

/// How much of a browser's bytes is read at once. Every connection owns so much, and tungstenite
/// clears it before each read.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// What a frame may need beside a chunk of data: its header, a pong and a close (RFC 6455, section
/// 5.2: up to 10 bytes for a header, and 125 for what a control frame holds).
const FRAMING_BYTES: usize = 512;

/// The server's end of a WebSocket whose handshake is done.
#[derive(Debug)]
pub struct Socket<S> {
    inner: WebSocket<Unblocked<S>>,
    ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Speaks over `stream`, and takes messages of at most `max_message_bytes`. Memory is bounded for
    /// one who sends messages of at most [`CHUNK_BYTES`], each after a flush.
    pub fn new(stream: S, max_message_bytes: usize) -> Self {
        let stream = Unblocked { stream, waker: Waker::noop().clone() };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            // Every message is flushed anyway.
            .write_buffer_size(0)
            // Without a limit, the pongs to a browser that pings and never reads grow without bound.
            .max_write_buffer_size(CHUNK_BYTES + FRAMING_BYTES)
            .max_message_size(Some(max_message_bytes))
            .max_frame_size(Some(max_message_bytes));
        Self { inner: WebSocket::from_raw_socket(stream, Role::Server, Some(config)), ended: false }
    }

    /// The stream underneath.
    pub fn into_inner(self) -> S {
        self.inner.into_inner().stream
    }

    fn waking(&mut self, cx: &Context<'_>) -> &mut WebSocket<Unblocked<S>> {
        self.inner.get_mut().waker.clone_from(cx.waker());
        &mut self.inner
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Socket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.waking(cx).read() {
            Ok(message) => Poll::Ready(Some(Ok(message))),
            Err(error) if would_block(&error) => Poll::Pending,
            Err(error) => {
                self.ended = true;
                let closed = matches!(error, Error::ConnectionClosed | Error::AlreadyClosed);
                Poll::Ready((!closed).then_some(Err(error)))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for Socket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flush(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        match self.inner.write(message) {
            // It is in the buffer.
            Err(error) if would_block(&error) => Ok(()),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        poll_written(self.waking(cx).flush())
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        poll_written(self.waking(cx).close(None))
    }
}

fn poll_written(written: Result<(), Error>) -> Poll<Result<(), Error>> {
    match written {
        Err(error) if would_block(&error) => Poll::Pending,
        // What was to be written was the last: the answer to a close.
        Err(Error::ConnectionClosed) => Poll::Ready(Ok(())),
        written => Poll::Ready(written),
    }
}

fn would_block(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// A stream that says `WouldBlock` where it would have to wait, and wakes the task when it need not.
#[derive(Debug)]
struct Unblocked<S> {
    stream: S,
    waker: Waker,
}

impl<S: AsyncRead + Unpin> Read for Unblocked<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        let mut cx = Context::from_waker(&self.waker);
        at_once(Pin::new(&mut self.stream).poll_read(&mut cx, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Unblocked<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(Pin::new(&mut self.stream).poll_write(&mut Context::from_waker(&self.waker), bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        at_once(Pin::new(&mut self.stream).poll_flush(&mut Context::from_waker(&self.waker)))
    }
}

fn at_once<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

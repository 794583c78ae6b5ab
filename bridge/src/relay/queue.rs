//! What a connection did not take at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Bytes that wait to be written, in their order. Without any, it owns no memory.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    bytes: Vec<u8>,
    /// How many of `bytes` are written.
    sent: usize,
    /// Whether the stream may have kept written bytes for itself, as one that encrypts does.
    is_unflushed: bool,
    /// How many bytes were written in all.
    sent_total: u64,
}

impl SendQueue {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Returns whether the system has everything.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.is_unflushed
    }

    pub(super) fn sent_total(&self) -> u64 {
        self.sent_total
    }

    /// Appends `bytes` without trying to write them.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.sent);
        self.sent = 0;
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.sent = 0;
    }

    /// Writes `bytes` behind those that wait, as many as the stream takes now. The others wait.
    pub(super) fn send<W>(&mut self, mut bytes: &[u8], stream: &mut W, cx: &mut Context<'_>) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        if self.poll_flush(stream, cx)?.is_ready() {
            while !bytes.is_empty() {
                let Poll::Ready(written) = poll_write(stream, cx, bytes)? else { break };
                self.sent_total += written as u64;
                self.is_unflushed = true;
                bytes = &bytes[written..];
            }
        }
        if bytes.is_empty() {
            // If the stream is not flushed yet, that is tried again like the rest.
            let _flushed = self.poll_flush(stream, cx)?;
            Ok(())
        } else {
            self.push(bytes);
            Ok(())
        }
    }

    /// Writes what waits. Ready when nothing waits any more.
    pub(super) fn poll_flush<W>(&mut self, stream: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while self.sent < self.bytes.len() {
            let written = ready!(poll_write(stream, cx, &self.bytes[self.sent..]))?;
            self.sent += written;
            self.sent_total += written as u64;
            self.is_unflushed = true;
        }
        if self.sent > 0 {
            self.clear();
        }
        if self.is_unflushed {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes some of `bytes`, which are not empty.
fn poll_write<W>(stream: &mut W, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>
where
    W: AsyncWrite + Unpin,
{
    match ready!(Pin::new(stream).poll_write(cx, bytes))? {
        0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        written => Poll::Ready(Ok(written)),
    }
}

//! The side of the server: bytes come in, and bytes go out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::queue::SendQueue;
use crate::transport::Transport;

/// The writing side of the server's connection.
#[derive(Debug)]
enum Output {
    Open,
    /// Shut down: the server has, or will get, the end of the stream.
    Shut,
    /// The server takes nothing any more. What it still has to say is read nevertheless.
    Failed(io::Error),
}

/// The server's connection.
#[derive(Debug)]
pub(super) struct Server<S> {
    pub(super) stream: S,
    queue: SendQueue,
    output: Output,
}

impl<S: Transport> Server<S> {
    /// Until the stream is shut down, it ends in a reset, whatever drops it.
    pub(super) fn new(stream: S) -> Self {
        stream.reset_when_dropped();
        Self { stream, queue: SendQueue::default(), output: Output::Open }
    }

    /// Returns how many bytes wait for the server.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.queue.len()
    }

    /// Returns how many bytes the server has acknowledged since the start.
    pub(super) fn acknowledged(&self) -> u64 {
        self.queue.sent_total().saturating_sub(self.stream.unacknowledged_bytes() as u64)
    }

    /// Returns whether the server's system has everything that was sent, or never will.
    pub(super) fn has_everything(&self) -> bool {
        match self.output {
            Output::Failed(_) => true,
            Output::Open | Output::Shut => self.queue.is_empty() && self.stream.unacknowledged_bytes() == 0,
        }
    }

    /// Returns why the writing side has failed.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        match std::mem::replace(&mut self.output, Output::Shut) {
            Output::Failed(error) => Some(error),
            output => {
                self.output = output;
                None
            }
        }
    }

    /// Reads once. Ready with 0 bytes at the end of the stream.
    pub(super) fn poll_read(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Sends `bytes`. What the connection does not take now waits.
    pub(super) fn send(&mut self, bytes: &[u8], cx: &mut Context<'_>) {
        if matches!(self.output, Output::Open)
            && let Err(error) = self.queue.send(bytes, &mut self.stream, cx)
        {
            self.fail(error);
        }
    }

    /// Writes what waits. Ready when nothing waits any more.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Err(error) = ready!(self.queue.poll_flush(&mut self.stream, cx)) {
            self.fail(error);
        }
        Poll::Ready(())
    }

    /// Writes what waits, and then shuts down the writing side: what was sent is complete.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_flush(cx));
        if matches!(self.output, Output::Open) {
            match ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                Ok(()) => {
                    self.output = Output::Shut;
                    // What is left is the system's to deliver, and then the end of the stream.
                    self.stream.end_when_dropped();
                }
                Err(error) => self.fail(error),
            }
        }
        Poll::Ready(())
    }

    fn fail(&mut self, error: io::Error) {
        self.queue.clear();
        self.output = Output::Failed(error);
    }
}

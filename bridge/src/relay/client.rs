//! The side of the client: frames come in, and frames go out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::ReadBuf;

use super::ending::Ending;
use super::queue::SendQueue;
use crate::frame::encode::{SERVER_HEADER_MAX_BYTES, push_close, push_control, put_binary_header};
use crate::frame::header::Opcode;
use crate::frame::{Chunk, Control, Decoder};
use crate::transport::Transport;

/// How many bytes of pongs wait at most behind a client that does not read. A pong over that replaces the one before it: a
/// server may answer only the most recent ping (RFC 6455, section 5.5.3).
const PONGS_MAX_BYTES: usize = 4 * 1024;

/// What was decoded of one read.
pub(super) struct Received {
    /// How many bytes were read.
    pub(super) read_bytes: usize,
    /// How many bytes of payload are at the front of the buffer.
    pub(super) payload_bytes: usize,
    /// Why nothing more comes, if that is so.
    pub(super) end: Option<Ending>,
}

impl Received {
    fn nothing(end: Ending) -> Self {
        Self { read_bytes: 0, payload_bytes: 0, end: Some(end) }
    }
}

/// The client's connection.
#[derive(Debug)]
pub(super) struct Client<C> {
    pub(super) stream: C,
    /// What arrived in one segment with the handshake.
    early: Bytes,
    decoder: Decoder,
    /// Whole frames that the connection has not taken, the first of them maybe in part.
    queue: SendQueue,
    /// Control frames behind those of the queue.
    control: Vec<u8>,
    /// Where in `control` the last pong begins.
    last_pong_at: usize,
    /// How many bytes of control frames were sent in all.
    control_total: u64,
    is_close_sent: bool,
    /// Whether anything was received since this was last looked at.
    pub(super) is_heard: bool,
}

impl<C: Transport> Client<C> {
    pub(super) fn new(stream: C, early: Bytes, max_message_bytes: usize) -> Self {
        // An empty slice may keep the buffer that it is of.
        let early = if early.is_empty() { Bytes::new() } else { early };
        Self {
            stream,
            early,
            decoder: Decoder::new(max_message_bytes),
            queue: SendQueue::default(),
            control: Vec::new(),
            last_pong_at: 0,
            control_total: 0,
            is_close_sent: false,
            is_heard: false,
        }
    }

    /// Returns whether the client is within a message.
    pub(super) fn is_within_message(&self) -> bool {
        self.decoder.is_within_message()
    }

    /// Returns whether the system has everything that is to be sent.
    pub(super) fn is_flushed(&self) -> bool {
        self.queue.is_empty() && self.control.is_empty()
    }

    /// Returns how many bytes of whole or partial frames wait for the client.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.queue.len()
    }

    /// Returns how many bytes the client has acknowledged since the start.
    pub(super) fn acknowledged(&self) -> u64 {
        self.queue.sent_total().saturating_sub(self.stream.unacknowledged_bytes() as u64)
    }

    /// Returns the same without control frames. It is too low while one of them is not acknowledged.
    pub(super) fn acknowledged_data(&self) -> u64 {
        self.acknowledged().saturating_sub(self.control_total)
    }

    /// Returns how many bytes were handed to the system since the start, without control frames.
    pub(super) fn sent_data(&self) -> u64 {
        self.queue.sent_total().saturating_sub(self.control_total)
    }

    /// Returns whether the client's system has everything that is to be sent.
    pub(super) fn has_everything(&self) -> bool {
        self.is_flushed() && self.stream.unacknowledged_bytes() == 0
    }

    /// Reads once and decodes what was read, in `buffer`. Pings are answered.
    pub(super) fn poll_receive(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<Received> {
        let read_bytes = match ready!(self.poll_read(buffer, cx)) {
            Ok(0) => return Poll::Ready(Received::nothing(Ending::ClientGone(None))),
            Ok(read_bytes) => read_bytes,
            Err(error) => {
                return Poll::Ready(Received::nothing(Ending::ClientGone(Some(error))));
            }
        };
        self.is_heard = true;
        let mut chunk = Chunk::new(&mut buffer[..read_bytes]);
        let end = loop {
            match self.decoder.decode(&mut chunk) {
                Ok(None) => break None,
                Ok(Some(Control::Ping)) => self.push_pong(),
                Ok(Some(Control::Pong)) => {}
                Ok(Some(Control::Close(code))) => break Some(Ending::ClientClosed(code)),
                Err(error) => break Some(Ending::ClientFault(error)),
            }
        };
        Poll::Ready(Received { read_bytes, payload_bytes: chunk.payload_bytes(), end })
    }

    /// Reads once. Ready with 0 bytes at the end of the stream.
    pub(super) fn poll_read(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.early.has_remaining() {
            let count = self.early.len().min(buffer.len());
            self.early.copy_to_slice(&mut buffer[..count]);
            if self.early.is_empty() {
                self.early = Bytes::new();
            }
            return Poll::Ready(Ok(count));
        }
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Sends the payload in `buffer` from [`SERVER_HEADER_MAX_BYTES`] on as a message. Nothing else may wait.
    pub(super) fn send(&mut self, buffer: &mut [u8], payload_bytes: usize, cx: &mut Context<'_>) -> io::Result<()> {
        let begin = put_binary_header(buffer, SERVER_HEADER_MAX_BYTES, payload_bytes);
        let frame = &buffer[begin..SERVER_HEADER_MAX_BYTES + payload_bytes];
        self.queue.send(frame, &mut self.stream, cx)
    }

    /// Writes what waits. Ready when nothing waits any more.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.queue.poll_flush(&mut self.stream, cx))?;
        if self.control.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.last_pong_at = 0;
        let control = std::mem::take(&mut self.control);
        self.control_total += control.len() as u64;
        self.queue.send(&control, &mut self.stream, cx)?;
        if self.queue.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Appends the last frame.
    pub(super) fn push_close(&mut self, code: Option<u16>, reason: &str) {
        push_close(&mut self.control, code, reason);
        self.is_close_sent = true;
    }

    /// Sends a ping, if nothing waits before it.
    pub(super) fn push_ping(&mut self) {
        if self.control.is_empty() && !self.is_close_sent {
            push_control(&mut self.control, Opcode::Ping, b"");
        }
    }

    fn push_pong(&mut self) {
        if self.is_close_sent {
            return;
        }
        if self.control.len() >= PONGS_MAX_BYTES {
            self.control.truncate(self.last_pong_at);
        }
        self.last_pong_at = self.control.len();
        push_control(&mut self.control, Opcode::Pong, self.decoder.control_payload());
    }
}

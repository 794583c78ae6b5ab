//! From received bytes to payload and control frames.

use super::error::FrameError;
use super::header::{CLIENT_HEADER_MAX_BYTES, Header, Opcode};
use super::mask::unmask_to_front;
use super::utf8::{NotUtf8, Utf8Checker};

/// A buffer of received bytes that becomes a buffer of payload: the payload of messages is collected at its front.
#[derive(Debug)]
pub struct Chunk<'a> {
    buffer: &'a mut [u8],
    /// Where the bytes begin that are not decoded.
    read: usize,
    /// Where the payload ends.
    payload_end: usize,
}

impl<'a> Chunk<'a> {
    /// Starts with `received` bytes and without payload.
    pub fn new(received: &'a mut [u8]) -> Self {
        Self { buffer: received, read: 0, payload_end: 0 }
    }

    /// Returns the number of bytes of payload at the front of the buffer.
    pub fn payload_bytes(&self) -> usize {
        self.payload_end
    }

    /// Returns the payload.
    pub fn payload(&self) -> &[u8] {
        &self.buffer[..self.payload_end]
    }

    fn input(&self) -> &[u8] {
        &self.buffer[self.read..]
    }

    /// Returns how many bytes of a frame are there, if `payload_bytes` of it are missing.
    fn count(&self, payload_bytes: u64) -> usize {
        self.input().len().min(usize::try_from(payload_bytes).unwrap_or(usize::MAX))
    }

    /// Unmasks the next `count` bytes, but does not count them as payload yet.
    fn unmask(&mut self, count: usize, mask: [u8; 4]) -> &[u8] {
        unmask_to_front(self.buffer, self.read, self.payload_end, count, mask);
        &self.buffer[self.payload_end..self.payload_end + count]
    }

    /// Counts the `count` bytes that were unmasked as payload.
    fn accept(&mut self, count: usize) {
        self.read += count;
        self.payload_end += count;
    }

    /// Unmasks the next `count` bytes, of a control frame, into `payload`.
    fn unmask_control(&mut self, count: usize, mask: [u8; 4], payload: &mut Vec<u8>) {
        let masked = &self.buffer[self.read..self.read + count];
        payload.extend(masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.read += count;
    }
}

/// A control frame. The payload is [`Decoder::control_payload`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// A ping, which should be answered by a pong with the same payload.
    Ping,
    /// A pong.
    Pong,
    /// A close, with its code if it has one. Nothing after it is decoded.
    Close(Option<u16>),
}

/// Decodes what a client sends. It keeps where in a frame the last chunk ended, but no payload of messages.
#[derive(Debug)]
pub struct Decoder {
    max_message_bytes: u64,
    /// The first bytes of a header whose other bytes have not arrived.
    partial_header: [u8; CLIENT_HEADER_MAX_BYTES],
    partial_header_bytes: u8,
    /// The frame whose payload arrives, with the number of bytes that have not arrived and the mask of the next one.
    frame: Option<Header>,
    /// Whether a message has begun and is not complete, and whether it is text.
    message: Option<Message>,
    /// The number of bytes in the frames of the message so far.
    message_bytes: u64,
    utf8: Utf8Checker,
    control_payload: Vec<u8>,
    is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Text,
    Binary,
}

impl Decoder {
    /// Starts at the first byte after the handshake. Messages may have at most `max_message_bytes`.
    pub fn new(max_message_bytes: usize) -> Self {
        Self {
            max_message_bytes: max_message_bytes as u64,
            partial_header: [0; CLIENT_HEADER_MAX_BYTES],
            partial_header_bytes: 0,
            frame: None,
            message: None,
            message_bytes: 0,
            utf8: Utf8Checker::default(),
            control_payload: Vec::new(),
            is_closed: false,
        }
    }

    /// Decodes `chunk` up to the end of the next control frame, or to its own end. The payload of all messages, and of
    /// their parts, is then at its front. After a close, everything is skipped.
    ///
    /// # Errors
    ///
    /// See [`FrameError`]. The payload before the violation is in the chunk. Nothing may be decoded after an error.
    pub fn decode(&mut self, chunk: &mut Chunk<'_>) -> Result<Option<Control>, FrameError> {
        if self.is_closed {
            chunk.read = chunk.buffer.len();
            return Ok(None);
        }
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.take_header(chunk)? {
                    Some(header) => self.begin_frame(header)?,
                    None => return Ok(None),
                },
            };
            let frame = self.take_payload(frame, chunk)?;
            if frame.payload_bytes > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            self.frame = None;
            if let Some(control) = self.end_frame(frame)? {
                return Ok(Some(control));
            }
        }
    }

    /// Returns the payload of the control frame that was decoded last.
    pub fn control_payload(&self) -> &[u8] {
        &self.control_payload
    }

    /// Returns whether more bytes are needed to complete a frame or a message.
    pub fn is_within_message(&self) -> bool {
        self.message.is_some() || self.frame.is_some() || self.partial_header_bytes > 0
    }

    fn take_header(&mut self, chunk: &mut Chunk<'_>) -> Result<Option<Header>, FrameError> {
        let held = usize::from(self.partial_header_bytes);
        let input = chunk.input();
        if held == 0
            && let Some((header, length)) = Header::parse(input)?
        {
            chunk.read += length;
            return Ok(Some(header));
        }
        let taken = input.len().min(CLIENT_HEADER_MAX_BYTES - held);
        self.partial_header[held..held + taken].copy_from_slice(&input[..taken]);
        match Header::parse(&self.partial_header[..held + taken])? {
            Some((header, length)) => {
                chunk.read += length - held;
                self.partial_header_bytes = 0;
                Ok(Some(header))
            }
            None => {
                chunk.read += taken;
                self.partial_header_bytes += taken as u8;
                Ok(None)
            }
        }
    }

    /// Checks a frame against the message that it belongs to.
    fn begin_frame(&mut self, header: Header) -> Result<Header, FrameError> {
        match header.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                self.control_payload.clear();
                return Ok(header);
            }
            Opcode::Continuation if self.message.is_none() => return Err(FrameError::UnexpectedContinuation),
            Opcode::Text | Opcode::Binary if self.message.is_some() => return Err(FrameError::UnfinishedMessage),
            Opcode::Continuation => {}
            Opcode::Text => self.message = Some(Message::Text),
            Opcode::Binary => self.message = Some(Message::Binary),
        }
        self.message_bytes = self.message_bytes.saturating_add(header.payload_bytes);
        if self.message_bytes > self.max_message_bytes {
            return Err(FrameError::MessageTooBig(self.max_message_bytes));
        }
        Ok(header)
    }

    /// Decodes what the chunk has of the payload, and returns the frame as it is after that.
    fn take_payload(&mut self, frame: Header, chunk: &mut Chunk<'_>) -> Result<Header, FrameError> {
        let count = chunk.count(frame.payload_bytes);
        if frame.opcode.is_control() {
            chunk.unmask_control(count, frame.mask, &mut self.control_payload);
        } else {
            let payload = chunk.unmask(count, frame.mask);
            if self.message == Some(Message::Text) {
                self.utf8.push(payload)?;
            }
            chunk.accept(count);
        }
        let mut mask = frame.mask;
        mask.rotate_left(count % 4);
        Ok(Header { payload_bytes: frame.payload_bytes - count as u64, mask, ..frame })
    }

    fn end_frame(&mut self, frame: Header) -> Result<Option<Control>, FrameError> {
        match frame.opcode {
            Opcode::Ping => return Ok(Some(Control::Ping)),
            Opcode::Pong => return Ok(Some(Control::Pong)),
            Opcode::Close => {
                self.is_closed = true;
                return parse_close(&self.control_payload).map(|code| Some(Control::Close(code)));
            }
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
        }
        if frame.is_final {
            self.message = None;
            self.message_bytes = 0;
            self.utf8.finish()?;
        }
        Ok(None)
    }
}

/// Parses the payload of a close frame (RFC 6455, section 5.5.1).
fn parse_close(payload: &[u8]) -> Result<Option<u16>, FrameError> {
    if payload.is_empty() {
        return Ok(None);
    }
    let Some((&code, reason)) = payload.split_first_chunk() else { return Err(FrameError::ShortClose) };
    let code = u16::from_be_bytes(code);
    if !may_be_sent(code) {
        return Err(FrameError::CloseCode(code));
    }
    std::str::from_utf8(reason).map_err(|_| FrameError::NotUtf8)?;
    Ok(Some(code))
}

/// Whether a close frame may have this code: one that RFC 6455 defines for it (section 7.4.1), one that was registered
/// with IANA since (1012 to 1014), or one for libraries and applications (section 7.4.2).
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

impl From<NotUtf8> for FrameError {
    fn from(_: NotUtf8) -> Self {
        Self::NotUtf8
    }
}

//! The decoder of frames against tungstenite: the same bytes, in any pieces, give the same payload, the same control frames and
//! the same verdict. The tests of the bridge and the fuzzer share this file.
//!
//! The differences, which are on purpose, with their lines in RFC 6455:
//!
//! - A length that is not minimal is a violation, and tungstenite accepts it. Section 5.2: "the minimal number of bytes MUST be
//!   used to encode the length".
//! - The close code 1014 is accepted, and tungstenite refuses it. Section 7.4.2: the codes below 3000 are defined "by this
//!   protocol, its future revisions, and extensions"; IANA registered 1014 later.
//! - What follows a close is skipped, and tungstenite decodes it. Section 1.4: after a close, "a peer discards any further data
//!   received".
//! - A violation is reported at the first byte that shows it, and by tungstenite at the end of its frame. Section 7.1.7 leaves the
//!   moment open. Of two violations in one frame, tungstenite reports the length that is over the limit first.

use std::io::{self, Cursor, Read, Write};

use launcelot_bridge::frame::{Chunk, Control, Decoder, FrameError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control as ControlCode, OpCode};
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

pub(crate) const MESSAGE_MAX_BYTES: usize = 1000;

/// Enough to complete any frame within the limit.
const PADDING: [u8; HEADER_MAX_BYTES + MESSAGE_MAX_BYTES] = [0; HEADER_MAX_BYTES + MESSAGE_MAX_BYTES];

/// The length of the longest header.
const HEADER_MAX_BYTES: usize = 14;

/// How many bytes at the front of a fuzzer's input are the lengths of pieces, at most.
const PIECES_MAX: u8 = 8;

/// The code of a close that IANA registered after the RFC: bad gateway.
const BAD_GATEWAY: u16 = 1014;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    MoreNeeded { is_within_message: bool },
    Closed(Option<u16>),
    Violation { code: u16 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) payload: Vec<u8>,
    /// The payload of each ping and pong, after a byte that tells them apart.
    pub(crate) control: Vec<Vec<u8>>,
    pub(crate) end: End,
}

/// Splits a fuzzer's input: the number of pieces, their lengths, and the bytes. Returns the bytes, and where they are cut.
pub(crate) fn split_input(input: &[u8]) -> (&[u8], Vec<usize>) {
    let Some((&count, rest)) = input.split_first() else { return (input, Vec::new()) };
    let (lengths, bytes) = rest.split_at(usize::from(count % PIECES_MAX).min(rest.len()));
    let mut cut = 0;
    let cuts = lengths.iter().map(|&length| {
        cut = bytes.len().min(cut + usize::from(length));
        cut
    });
    (bytes, cuts.collect())
}

/// Checks that the decoder, which gets `bytes` in pieces that end at `cuts`, agrees with itself and with tungstenite.
///
/// # Panics
///
/// Panics if they differ in anything that is not listed above.
pub(crate) fn assert_same(bytes: &[u8], cuts: &[usize]) {
    let (ours, violation) = decode(bytes, cuts);
    let every_byte: Vec<usize> = (1..bytes.len()).collect();
    let (bytewise, bytewise_violation) = decode(bytes, &every_byte);
    let errors = [&violation, &bytewise_violation].map(|violation| violation.as_ref().map(|violation| violation.error));
    assert_eq!(errors[0], errors[1], "the pieces make a difference");
    assert_eq!((&ours.end, &ours.control), (&bytewise.end, &bytewise.control), "the pieces make a difference");
    // Before a violation, shorter pieces deliver more of what came earlier.
    assert!(bytewise.payload.starts_with(&ours.payload), "the pieces make a difference");
    match bytewise_violation {
        None => {
            assert_eq!(ours.payload.len(), bytewise.payload.len(), "the pieces make a difference");
            assert_same_stream(bytes, &ours);
        }
        Some(Violation { error, seen_bytes }) => assert_same_violation(&bytes[..seen_bytes], &ours, &bytewise, error),
    }
}

fn assert_same_stream(bytes: &[u8], ours: &Decoded) {
    let mut theirs = decode_by_tungstenite(bytes);
    let walk = Walk::along(bytes);
    assert_eq!(walk.not_minimal_at, None, "a length that is not minimal is accepted");
    assert_eq!(ours.payload, walk.payload);
    assert!(ours.payload.starts_with(&theirs.payload), "{ours:?} has not all messages of {theirs:?}");
    assert_eq!(ours.control, theirs.control);
    match &mut theirs.end {
        End::MoreNeeded { is_within_message } => *is_within_message = walk.is_within_message,
        End::Closed(code @ Some(1002)) if ours.end == End::Closed(Some(BAD_GATEWAY)) => *code = Some(BAD_GATEWAY),
        _ => {}
    }
    assert_eq!(ours.end, theirs.end);
}

/// Checks a violation that the last of `bytes` has shown.
fn assert_same_violation(bytes: &[u8], ours: &Decoded, bytewise: &Decoded, error: FrameError) {
    let padded = [bytes, &PADDING].concat();
    let walk = Walk::along(&padded[..bytes.len() + HEADER_MAX_BYTES]);
    assert!(walk.payload.starts_with(&bytewise.payload), "{bytewise:?} has other payload than the frames, {walk:?}");
    // The first two bytes of a frame may show a violation before its length does.
    let not_minimal_at = walk.not_minimal_at.filter(|&at| at + 2 < bytes.len());
    let theirs = match (error, not_minimal_at) {
        (FrameError::LengthNotMinimal, at) => {
            let before = decode_by_tungstenite(&bytes[..at.expect("a length that is minimal is refused")]);
            assert!(matches!(before.end, End::MoreNeeded { .. }), "{before:?} ends before the length");
            before
        }
        (_, None) => decode_by_tungstenite(&padded),
        (error, Some(_)) => panic!("{error:?} where a length is not minimal"),
    };
    let is_same = match (error, &theirs.end) {
        (FrameError::LengthNotMinimal, _) => true,
        // tungstenite answers such a close by one with 1002, and returns that.
        (FrameError::CloseCode(code), End::Closed(Some(1002)) | End::Violation { code: 1007 }) => {
            code != BAD_GATEWAY && !CloseCode::from(code).is_allowed()
        }
        (_, End::Violation { code: 1009 }) if ours.end == (End::Violation { code: 1002 }) => walk.has_long_frame,
        (_, end) => *end == ours.end,
    };
    assert!(is_same, "{:?} instead of {:?}", ours.end, theirs.end);
    assert_eq!(ours.control, theirs.control);
    assert!(ours.payload.starts_with(&theirs.payload), "{ours:?} has not all messages of {theirs:?}");
}

/// A violation of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) error: FrameError,
    /// How many bytes the decoder had got when it reported the violation.
    seen_bytes: usize,
}

/// Decodes `bytes` in pieces that end at `cuts`.
pub(crate) fn decode(bytes: &[u8], cuts: &[usize]) -> (Decoded, Option<Violation>) {
    let mut decoder = Decoder::new(MESSAGE_MAX_BYTES);
    let mut payload = Vec::new();
    let mut control = Vec::new();
    let mut close = None;
    let mut buffer = bytes.to_vec();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let mut chunk = Chunk::new(&mut buffer[begin..end]);
        begin = end;
        let error = loop {
            match decoder.decode(&mut chunk) {
                Ok(None) => break None,
                Ok(Some(Control::Ping)) => control.push([b"?", decoder.control_payload()].concat()),
                Ok(Some(Control::Pong)) => control.push([b"!", decoder.control_payload()].concat()),
                Ok(Some(Control::Close(code))) => {
                    assert_eq!(close.replace(End::Closed(code)), None, "a frame after a close is decoded");
                }
                Err(error) => break Some(error),
            }
        };
        payload.extend_from_slice(chunk.payload());
        if let Some(error) = error {
            let code = error.close_code().number();
            let violation = Violation { error, seen_bytes: end };
            return (Decoded { payload, control, end: End::Violation { code } }, Some(violation));
        }
    }
    let more_needed = End::MoreNeeded { is_within_message: decoder.is_within_message() };
    (Decoded { payload, control, end: close.unwrap_or(more_needed) }, None)
}

/// Bytes to be read, after which a read would block.
struct Input<'a>(&'a [u8]);

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(buffer) }
    }
}

impl Write for Input<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decodes by tungstenite, whose payload is that of whole messages.
pub(crate) fn decode_by_tungstenite(bytes: &[u8]) -> Decoded {
    let config = WebSocketConfig::default()
        .read_buffer_size(1024)
        .max_message_size(Some(MESSAGE_MAX_BYTES))
        .max_frame_size(Some(MESSAGE_MAX_BYTES));
    let mut websocket = WebSocket::from_raw_socket(Input(bytes), Role::Server, Some(config));
    let mut payload = Vec::new();
    let mut control = Vec::new();
    let end = loop {
        match websocket.read() {
            Ok(Message::Text(text)) => payload.extend_from_slice(text.as_bytes()),
            Ok(Message::Binary(bytes)) => payload.extend_from_slice(&bytes),
            Ok(Message::Ping(bytes)) => control.push([b"?", bytes.as_ref()].concat()),
            Ok(Message::Pong(bytes)) => control.push([b"!", bytes.as_ref()].concat()),
            Ok(Message::Close(frame)) => break End::Closed(frame.map(|frame| frame.code.into())),
            Ok(Message::Frame(frame)) => panic!("{frame}"),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                break End::MoreNeeded { is_within_message: false };
            }
            Err(Error::Protocol(_)) => break End::Violation { code: 1002 },
            Err(Error::Utf8(_)) => break End::Violation { code: 1007 },
            Err(Error::Capacity(_)) => break End::Violation { code: 1009 },
            Err(error) => panic!("{error}"),
        }
    };
    Decoded { payload, control, end }
}

/// What the headers of all frames say up to the first close, without any check. tungstenite parses them.
#[derive(Debug, Default)]
struct Walk {
    /// The payload of all data frames, and of the part of one at the end.
    payload: Vec<u8>,
    /// Where the first frame begins whose length is not minimal.
    not_minimal_at: Option<usize>,
    /// Whether the payload of a frame is over the limit.
    has_long_frame: bool,
    is_within_message: bool,
}

impl Walk {
    fn along(bytes: &[u8]) -> Self {
        let mut walk = Self::default();
        let mut at = 0;
        let mut is_message_open = false;
        while at < bytes.len() {
            let mut header = Cursor::new(&bytes[at..]);
            let Ok(Some((frame, length))) = FrameHeader::parse(&mut header) else {
                return Self { is_within_message: true, ..walk };
            };
            let payload_at = at + header.position() as usize;
            if payload_at - at != frame.len(length) {
                walk.not_minimal_at.get_or_insert(at);
            }
            walk.has_long_frame |= length > MESSAGE_MAX_BYTES as u64;
            let end = payload_at.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            at = end.min(bytes.len());
            if let OpCode::Data(_) = frame.opcode {
                let mask = frame.mask.unwrap_or_default();
                let masked = bytes[payload_at..at].iter().enumerate();
                walk.payload.extend(masked.map(|(index, byte)| byte ^ mask[index % 4]));
                is_message_open = !frame.is_final;
            }
            if at < end {
                return Self { is_within_message: true, ..walk };
            }
            if frame.opcode == OpCode::Control(ControlCode::Close) {
                return walk;
            }
        }
        Self { is_within_message: is_message_open, ..walk }
    }
}

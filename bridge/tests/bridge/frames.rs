//! The decoder of frames against tungstenite: the same bytes give the same payload and the same verdict.
//!
//! The two differ on purpose in these points:
//! - A length that is not minimal is a violation (RFC 6455, section 5.2: "the minimal number of bytes MUST be used").
//!   tungstenite accepts it.
//! - The close code 1014 is accepted (registered with IANA, as section 7.4.2 demands). tungstenite refuses it.
//! - Nothing after a close is decoded (section 5.5.1: the client MUST NOT send more). tungstenite decodes it.
//! - A violation is reported at the first byte that shows it (section 7.1.7 and 8.1 leave the moment open). tungstenite
//!   waits for the frame. So of two violations in one frame, the two may report another.

use std::io::{self, Read, Write};

use launcelot_bridge::frame::{Chunk, Control, Decoder, FrameError};
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

const MESSAGE_MAX_BYTES: usize = 1000;

/// Enough to complete any frame within the limit.
const PADDING: [u8; 2 * MESSAGE_MAX_BYTES] = [0; 2 * MESSAGE_MAX_BYTES];

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    MoreNeeded,
    Closed(Option<u16>),
    Violation(u16),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Decoded {
    payload: Vec<u8>,
    /// The payload of each ping and pong, after a byte that tells them apart.
    control: Vec<Vec<u8>>,
    end: End,
}

/// Decodes `bytes` in pieces that end at `cuts`. Returns also the error, and whether the end is within a message.
fn decode(bytes: &[u8], cuts: &[usize]) -> (Decoded, Option<FrameError>, bool) {
    let mut decoder = Decoder::new(MESSAGE_MAX_BYTES);
    let mut decoded = Decoded { payload: Vec::new(), control: Vec::new(), end: End::MoreNeeded };
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let mut piece = bytes[begin..end].to_vec();
        begin = end;
        let mut chunk = Chunk::new(&mut piece);
        let error = loop {
            match decoder.decode(&mut chunk) {
                Ok(None) => break None,
                Ok(Some(Control::Ping)) => decoded.control.push([b"?", decoder.control_payload()].concat()),
                Ok(Some(Control::Pong)) => decoded.control.push([b"!", decoder.control_payload()].concat()),
                Ok(Some(Control::Close(code))) => decoded.end = End::Closed(code),
                Err(error) => break Some(error),
            }
        };
        decoded.payload.extend_from_slice(chunk.payload());
        if let Some(error) = error {
            decoded.end = End::Violation(error.close_code().number());
            return (decoded, Some(error), true);
        }
    }
    (decoded, None, decoder.is_within_message())
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

fn decode_by_tungstenite(bytes: &[u8]) -> Decoded {
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX_BYTES)).max_frame_size(Some(MESSAGE_MAX_BYTES));
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
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break End::MoreNeeded,
            Err(Error::Protocol(_)) => break End::Violation(1002),
            Err(Error::Utf8(_)) => break End::Violation(1007),
            Err(Error::Capacity(_)) => break End::Violation(1009),
            Err(error) => panic!("{error}"),
        }
    };
    Decoded { payload, control, end }
}

/// Checks that both decoders agree about `bytes`, in which all lengths are minimal or not.
fn compare(bytes: &[u8], cuts: &[usize], is_minimal: bool) -> Result<(), TestCaseError> {
    let (ours, error, is_within_message) = decode(bytes, cuts);
    let theirs = decode_by_tungstenite(bytes);
    match (&ours.end, error) {
        (End::MoreNeeded, _) => {
            prop_assert_eq!(&theirs.end, &End::MoreNeeded);
            prop_assert_eq!(&ours.control, &theirs.control);
            prop_assert!(ours.payload.starts_with(&theirs.payload));
            prop_assert!(is_within_message || ours.payload == theirs.payload);
        }
        (End::Closed(Some(1014)), _) => prop_assert_eq!(&theirs.end, &End::Closed(Some(1002))),
        (End::Closed(_), _) => {
            prop_assert_eq!(&theirs.end, &ours.end);
            prop_assert_eq!(&ours.control, &theirs.control);
            prop_assert!(ours.payload.starts_with(&theirs.payload));
        }
        (End::Violation(_), Some(FrameError::LengthNotMinimal)) => prop_assert!(!is_minimal),
        // tungstenite answers such a close by one with 1002, and returns that.
        (End::Violation(_), Some(FrameError::CloseCode(_))) => {
            let allowed = [End::Closed(Some(1002)), End::Violation(1007)];
            prop_assert!(allowed.contains(&theirs.end), "{:?} instead of {:?}", theirs.end, ours.end);
        }
        (End::Violation(code), _) => {
            let theirs = match theirs.end {
                End::MoreNeeded => decode_by_tungstenite(&[bytes, &PADDING].concat()),
                _ => theirs,
            };
            let allowed = [End::Violation(*code), End::Violation(if *code == 1002 { 1009 } else { *code })];
            prop_assert!(allowed.contains(&theirs.end), "{:?} instead of {:?}", theirs.end, ours.end);
            prop_assert!(theirs.control.starts_with(&ours.control));
        }
    }
    Ok(())
}

/// How the length of a frame is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LengthForm {
    Minimal,
    TwoBytes,
    EightBytes,
}

fn frame(first: u8, mask: Option<[u8; 4]>, form: LengthForm, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match (form, payload.len()) {
        (LengthForm::Minimal, length @ 0..=125) => frame.push(masked | length as u8),
        (LengthForm::Minimal, 126..=0xffff) | (LengthForm::TwoBytes, _) => {
            frame.push(masked | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
        _ => {
            frame.push(masked | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| frame.extend(mask)).unwrap_or_default();
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Mostly text, sometimes cut within a character.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(vec!["a", "é", "€", "😀"]), 0..30)
            .prop_map(|text| text.concat().into_bytes()),
        2 => prop::collection::vec(prop::sample::select(&b"\xe2\x82\xac\xf0\x9f\x98\x80a"[..]), 0..6),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(any::<u8>(), 120..130),
        1 => prop::collection::vec(any::<u8>(), 900..1100),
        1 => (990u16..5100, "[a-zé]{0,60}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ]
}

/// Frames as a client sends them, with a violation now and then, and whether all lengths are minimal.
fn frames() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let first = prop_oneof![
        30 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x80, 0x89, 0x8a]),
        2 => Just(0x88),
        1 => any::<u8>(),
    ];
    let mask = prop_oneof![30 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    let form = prop_oneof![
        30 => Just(LengthForm::Minimal),
        1 => Just(LengthForm::TwoBytes),
        1 => Just(LengthForm::EightBytes),
    ];
    let frame = (first, mask, form, payload())
        .prop_map(|(first, mask, form, payload)| (frame(first, mask, form, &payload), form == LengthForm::Minimal));
    (prop::collection::vec(frame, 0..8), 0usize..30).prop_map(|(frames, missing)| {
        let is_minimal = frames.iter().all(|(_, is_minimal)| *is_minimal);
        let mut bytes: Vec<u8> = frames.into_iter().flat_map(|(frame, _)| frame).collect();
        bytes.truncate(bytes.len().saturating_sub(missing.saturating_sub(15)));
        (bytes, is_minimal)
    })
}

fn cuts(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_in_any_pieces_are_decoded_as_tungstenite_decodes_the_whole(
        (bytes, is_minimal) in frames(),
        cut_at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        compare(&bytes, &cuts(&bytes, &cut_at), is_minimal)?;
    }

    #[test]
    fn any_bytes_are_decoded_as_tungstenite_decodes_them(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        compare(&bytes, &[], false)?;
    }

    #[test]
    fn pieces_make_no_difference(
        (bytes, _) in frames(),
        cut_at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (whole, error, _) = decode(&bytes, &[]);
        let (pieces, other_error, _) = decode(&bytes, &cuts(&bytes, &cut_at));
        prop_assert_eq!(error, other_error);
        prop_assert_eq!(&whole.end, &pieces.end);
        // Before a violation, more may be delivered of what came earlier.
        prop_assert!(pieces.payload.starts_with(&whole.payload));
        prop_assert!(error.is_some() || whole == pieces);
    }
}

#[test]
fn the_differences_are_those_that_are_listed() {
    let mask = Some([1, 2, 3, 4]);
    let long = frame(0x82, mask, LengthForm::TwoBytes, b"What?");
    assert_eq!(decode(&long, &[]).1, Some(FrameError::LengthNotMinimal));
    assert_eq!(decode_by_tungstenite(&long).payload, b"What?");
    let bad_gateway = frame(0x88, mask, LengthForm::Minimal, &1014u16.to_be_bytes());
    assert_eq!(decode(&bad_gateway, &[]).0.end, End::Closed(Some(1014)));
    assert_eq!(decode_by_tungstenite(&bad_gateway).end, End::Closed(Some(1002)));
    let after_close = [frame(0x88, mask, LengthForm::Minimal, b""), vec![0xff; 10]].concat();
    assert_eq!(decode(&after_close, &[]).0.end, End::Closed(None));
}

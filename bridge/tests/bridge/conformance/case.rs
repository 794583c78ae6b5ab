//! A case, and the frames of a client of which it is made.

/// What a client sends, and what must come of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) sent: Vec<u8>,
    pub(crate) verdict: Verdict,
}

/// What must come of a case.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// The connection stays open. These bytes and these pongs come back.
    Open { bytes: Vec<u8>, pongs: Vec<Vec<u8>> },
    /// The client's close is answered with the same code, behind these bytes.
    Closed { bytes: Vec<u8>, code: Option<u16> },
    /// The bridge closes with this code. Some of these bytes may come back before.
    Failed { code: u16, bytes: Vec<u8> },
}

pub(crate) fn case(name: impl Into<String>, frames: &[Vec<u8>], verdict: Verdict) -> Case {
    Case { name: name.into(), sent: frames.concat(), verdict }
}

/// The connection stays open, and `bytes` come back.
pub(crate) fn echoes(bytes: impl Into<Vec<u8>>) -> Verdict {
    Verdict::Open { bytes: bytes.into(), pongs: Vec::new() }
}

/// The connection stays open, and pongs with these payloads come back.
pub(crate) fn pongs(payloads: &[&[u8]]) -> Verdict {
    echoes_and_pongs("", payloads)
}

pub(crate) fn echoes_and_pongs(bytes: impl Into<Vec<u8>>, payloads: &[&[u8]]) -> Verdict {
    Verdict::Open { bytes: bytes.into(), pongs: payloads.iter().map(|payload| payload.to_vec()).collect() }
}

/// The bridge closes with `code`.
pub(crate) fn fails(code: u16) -> Verdict {
    fails_after(code, "")
}

/// The bridge closes with `code`. Some of `bytes` may come back before.
pub(crate) fn fails_after(code: u16, bytes: impl Into<Vec<u8>>) -> Verdict {
    Verdict::Failed { code, bytes: bytes.into() }
}

pub(crate) const FINAL: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

/// A mask that hides a byte in the wrong place.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame with this first byte, whose length is encoded in the minimal number of bytes.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_masked_with(MASK, first, payload)
}

pub(crate) fn frame_masked_with(mask: [u8; 4], first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    let mask_at = frame.len() - MASK.len();
    frame[mask_at..].copy_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The header of a frame whose payload has `length` bytes, with its mask.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let long = length.to_be_bytes();
    let length = match length {
        0..=125 => vec![0x80 | length as u8],
        126..=0xffff => [&[0x80 | 126], &long[6..]].concat(),
        _ => [&[0x80 | 127], &long[..]].concat(),
    };
    [vec![first], length, MASK.to_vec()].concat()
}

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FINAL | TEXT, payload.as_ref())
}

pub(crate) fn binary(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FINAL | BINARY, payload.as_ref())
}

/// The first fragment of a text message.
pub(crate) fn first(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(TEXT, payload.as_ref())
}

/// A fragment in the middle of a message.
pub(crate) fn next(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CONTINUATION, payload.as_ref())
}

/// The last fragment of a message.
pub(crate) fn last(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FINAL | CONTINUATION, payload.as_ref())
}

pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FINAL | PING, payload.as_ref())
}

pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(FINAL | PONG, payload.as_ref())
}

pub(crate) fn close(payload: &[u8]) -> Vec<u8> {
    frame(FINAL | CLOSE, payload)
}

//! The frames that a server sends. They are not masked (RFC 6455, section 5.1).

use super::CONTROL_MAX_BYTES;
use super::header::Opcode;

/// Maximum number of bytes in the header of a frame from a server: opcode, length, and 8 bytes of long length.
pub const SERVER_HEADER_MAX_BYTES: usize = 10;

/// Maximum number of bytes in the reason of a close frame (RFC 6455, section 5.5: 125, less two for the code).
pub const REASON_MAX_BYTES: usize = CONTROL_MAX_BYTES - 2;

const FINAL: u8 = 0x80;

/// Writes the header of a binary message in front of its payload, which begins at `payload_at` and has `payload_bytes`.
/// Returns where the header begins.
///
/// # Panics
///
/// Panics if there is not enough room in front: [`SERVER_HEADER_MAX_BYTES`] are.
pub fn put_binary_header(buffer: &mut [u8], payload_at: usize, payload_bytes: usize) -> usize {
    let long = (payload_bytes as u64).to_be_bytes();
    let (short, further) = match payload_bytes {
        0..=125 => (payload_bytes as u8, &long[8..]),
        126..=0xffff => (126, &long[6..]),
        _ => (127, &long[..]),
    };
    let further_at = payload_at - further.len();
    buffer[further_at..payload_at].copy_from_slice(further);
    let header_at = further_at - 2;
    buffer[header_at] = FINAL | Opcode::Binary as u8;
    buffer[header_at + 1] = short;
    header_at
}

/// Appends a control frame, whose payload is cut to [`CONTROL_MAX_BYTES`].
pub fn push_control(frames: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let payload = &payload[..payload.len().min(CONTROL_MAX_BYTES)];
    frames.extend([FINAL | opcode as u8, payload.len() as u8]);
    frames.extend_from_slice(payload);
}

/// Appends a close frame, whose reason is cut to [`REASON_MAX_BYTES`]. A frame without a code has no reason.
pub fn push_close(frames: &mut Vec<u8>, code: Option<u16>, reason: &str) {
    let mut payload = Vec::new();
    if let Some(code) = code {
        payload.extend(code.to_be_bytes());
        payload.extend_from_slice(&reason.as_bytes()[..reason.floor_char_boundary(REASON_MAX_BYTES)]);
    }
    push_control(frames, Opcode::Close, &payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_minimal_length() {
        let cases: [(usize, &[u8]); 6] = [
            (0, &[0x82, 0]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (0xffff, &[0x82, 126, 0xff, 0xff]),
            (0x1_0000, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (usize::MAX, &[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ];
        for (payload_bytes, expected) in cases {
            let mut buffer = [0; SERVER_HEADER_MAX_BYTES];
            let header_at = put_binary_header(&mut buffer, SERVER_HEADER_MAX_BYTES, payload_bytes);
            assert_eq!(&buffer[header_at..], expected, "{payload_bytes}");
        }
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let mut frames = Vec::new();
        push_close(&mut frames, Some(4502), &"é".repeat(100));
        assert_eq!(frames[..4], [0x88, 124, 0x11, 0x96]);
        assert_eq!(std::str::from_utf8(&frames[4..]), Ok("é".repeat(61).as_str()));
    }

    #[test]
    fn a_close_without_a_code_is_empty() {
        let mut frames = Vec::new();
        push_close(&mut frames, None, "left out");
        assert_eq!(frames, [0x88, 0]);
    }
}

//! The header of a frame (RFC 6455, section 5.2).

use super::CONTROL_MAX_BYTES;
use super::error::FrameError;

/// Maximum number of bytes in the header of a frame from a client: opcode, length, 8 bytes of long length, mask.
pub const CLIENT_HEADER_MAX_BYTES: usize = 14;

/// The meaning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// The last frame.
    Close = 0x8,
    /// A request for a pong.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xa,
}

impl Opcode {
    /// Returns whether frames with this opcode may come between the fragments of a message.
    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }

    fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xa => Some(Self::Pong),
            _ => None,
        }
    }
}

/// The header of a frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether the frame is the last of its message.
    pub is_final: bool,
    /// The meaning of the frame.
    pub opcode: Opcode,
    /// The number of bytes that follow the header.
    pub payload_bytes: u64,
    /// The key with which the payload is masked.
    pub mask: [u8; 4],
}

impl Header {
    /// Parses the header at the front of `bytes`, and returns it with its length, or `None` if more bytes are needed.
    ///
    /// # Errors
    ///
    /// A header that a client must not send is refused at its first byte that shows it.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(FrameError::ReservedBit);
        }
        let is_final = first & 0x80 != 0;
        let opcode = Opcode::from_bits(first & 0x0f).ok_or(FrameError::ReservedOpcode(first & 0x0f))?;
        if opcode.is_control() && !is_final {
            return Err(FrameError::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(FrameError::NotMasked);
        }
        let Some((payload_bytes, length_bytes)) = parse_length(second & 0x7f, &bytes[2..])? else { return Ok(None) };
        if opcode.is_control() && payload_bytes > CONTROL_MAX_BYTES as u64 {
            return Err(FrameError::ControlTooLong);
        }
        let mask_at = 2 + length_bytes;
        let Some(&mask) = bytes[mask_at..].first_chunk() else { return Ok(None) };
        Ok(Some((Self { is_final, opcode, payload_bytes, mask }, mask_at + mask.len())))
    }
}

/// Parses the length of the payload, of which the second byte of the header is the short form, and returns it with the
/// number of its further bytes.
fn parse_length(short: u8, further: &[u8]) -> Result<Option<(u64, usize)>, FrameError> {
    match short {
        126 => {
            let Some(&bytes) = further.first_chunk::<2>() else { return Ok(None) };
            let length = u64::from(u16::from_be_bytes(bytes));
            if length < 126 { Err(FrameError::LengthNotMinimal) } else { Ok(Some((length, bytes.len()))) }
        }
        127 => {
            let Some(&bytes) = further.first_chunk::<8>() else { return Ok(None) };
            let length = u64::from_be_bytes(bytes);
            if length <= u64::from(u16::MAX) {
                Err(FrameError::LengthNotMinimal)
            } else {
                Ok(Some((length, bytes.len())))
            }
        }
        length => Ok(Some((u64::from(length), 0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(bytes: &[u8]) -> Result<Option<(u64, usize)>, FrameError> {
        let header = [&[0x82], bytes, &[1, 2, 3, 4]].concat();
        Ok(Header::parse(&header)?.map(|(header, length)| (header.payload_bytes, length)))
    }

    #[test]
    fn a_length_has_three_forms_and_only_the_minimal_one_is_accepted() {
        let not_minimal = Err(FrameError::LengthNotMinimal);
        let cases: [(&[u8], _); 9] = [
            (&[0x80], Ok(Some((0, 6)))),
            (&[0x80 | 125], Ok(Some((125, 6)))),
            (&[0xfe, 0, 125], not_minimal),
            (&[0xfe, 0, 126], Ok(Some((126, 8)))),
            (&[0xfe, 0xff, 0xff], Ok(Some((0xffff, 8)))),
            (&[0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], not_minimal),
            (&[0xff, 0, 0, 0, 0, 0, 1, 0, 0], Ok(Some((0x1_0000, 14)))),
            (&[0xff, 0, 0, 0, 0, 0, 0, 0, 1], not_minimal),
            (&[0xff; 9], Ok(Some((u64::MAX, 14)))),
        ];
        for (bytes, expected) in cases {
            assert_eq!(length(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn a_header_is_incomplete_until_its_last_byte() {
        for header in [&[0x82, 0x85, 1, 2, 3, 4][..], &[0x02, 0xfe, 1, 0, 1, 2, 3, 4]] {
            for end in 0..header.len() {
                assert_eq!(Header::parse(&header[..end]), Ok(None));
            }
            let (parsed, length) = Header::parse(header).unwrap().unwrap();
            assert_eq!((parsed.mask, length), ([1, 2, 3, 4], header.len()));
        }
    }

    #[test]
    fn a_violation_is_found_at_the_byte_that_shows_it() {
        let cases: [(&[u8], FrameError); 9] = [
            (&[0xc2], FrameError::ReservedBit),
            (&[0xa2], FrameError::ReservedBit),
            (&[0x92], FrameError::ReservedBit),
            (&[0x83], FrameError::ReservedOpcode(3)),
            (&[0x8b], FrameError::ReservedOpcode(11)),
            (&[0x09], FrameError::FragmentedControl),
            (&[0x89, 0xfe, 0, 126], FrameError::ControlTooLong),
            (&[0x88, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], FrameError::ControlTooLong),
            (&[0x82, 0x05], FrameError::NotMasked),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Header::parse(bytes), Err(expected), "{bytes:x?}");
        }
    }
}

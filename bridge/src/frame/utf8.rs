//! Checking text that arrives in pieces (RFC 6455, section 8.1).

use std::str::from_utf8;

/// Bytes are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8;

/// Checks a text that arrives in pieces, which may end within a character.
#[derive(Debug, Clone, Copy, Default)]
pub struct Utf8Checker {
    /// The first bytes of a character whose other bytes have not arrived.
    incomplete: [u8; 4],
    incomplete_bytes: u8,
}

impl Utf8Checker {
    /// Checks the next piece.
    ///
    /// # Errors
    ///
    /// Fails at the first byte that no UTF-8 text can have at its place.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        let rest = self.complete_character(piece)?;
        let Err(error) = from_utf8(rest) else { return Ok(()) };
        if error.error_len().is_some() {
            return Err(NotUtf8);
        }
        for &byte in &rest[error.valid_up_to()..] {
            self.keep(byte);
        }
        Ok(())
    }

    /// Checks that the text does not end within a character, and starts with another.
    ///
    /// # Errors
    ///
    /// The text ends within a character.
    pub fn finish(&mut self) -> Result<(), NotUtf8> {
        if std::mem::take(self).incomplete_bytes == 0 { Ok(()) } else { Err(NotUtf8) }
    }

    /// Checks the rest of a character whose first bytes have arrived already, and returns what follows it.
    fn complete_character<'a>(&mut self, mut piece: &'a [u8]) -> Result<&'a [u8], NotUtf8> {
        while self.incomplete_bytes > 0
            && let Some((&byte, rest)) = piece.split_first()
        {
            piece = rest;
            self.keep(byte);
            match from_utf8(&self.incomplete[..usize::from(self.incomplete_bytes)]) {
                Ok(_) => self.incomplete_bytes = 0,
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                Err(_) => {}
            }
        }
        Ok(piece)
    }

    /// Keeps a byte of a character. There is room, since four bytes are a character or an error.
    fn keep(&mut self, byte: u8) {
        self.incomplete[usize::from(self.incomplete_bytes)] = byte;
        self.incomplete_bytes += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pieces: &[&[u8]]) -> Result<(), NotUtf8> {
        let mut checker = Utf8Checker::default();
        for piece in pieces {
            checker.push(piece)?;
        }
        checker.finish()
    }

    #[test]
    fn an_error_is_found_at_the_first_byte_that_shows_it() {
        // The first surrogate would be ED A0 80, and the first character beyond Unicode F4 90 80 80.
        for (valid, wrong) in [(&b"\xed"[..], 0xa0), (b"\xf4", 0x90), (b"\xf0\x9f", b'a'), (b"", 0xff), (b"", 0xc0)] {
            let mut checker = Utf8Checker::default();
            assert_eq!(checker.push(valid), Ok(()));
            assert_eq!(checker.push(&[wrong]), Err(NotUtf8), "{valid:x?} {wrong:x}");
        }
    }

    proptest! {
        #[test]
        fn text_in_any_two_pieces_is_judged_like_the_whole(
            text in prop_oneof![
                prop::collection::vec(any::<char>(), 0..8).prop_map(|text| text.iter().collect::<String>().into_bytes()),
                prop::collection::vec(prop::sample::select(&b"a\x80\xbf\xc3\xe2\x82\xac\xed\xa0\xf0\x9f\xf4\x90"[..]), 0..8),
            ],
            ends in prop::collection::vec(any::<prop::sample::Index>(), 2),
        ) {
            let mut ends: Vec<usize> = ends.iter().map(|end| end.index(text.len() + 1)).collect();
            ends.sort_unstable();
            let pieces = [&text[..ends[0]], &text[ends[0]..ends[1]], &text[ends[1]..]];
            prop_assert_eq!(check(&pieces).is_ok(), from_utf8(&text).is_ok());
        }
    }
}

//! Removing the mask of a payload (RFC 6455, section 5.3).

/// How many bytes are unmasked at once.
const WORD_BYTES: usize = 16;

/// Unmasks the `count` bytes of `buffer` from `from` on, and moves them to `to`, which must not be behind `from`.
///
/// A word is read before it is written, and never written beyond what was read. So one pass does both, although the two
/// ranges may overlap.
pub(super) fn unmask_to_front(buffer: &mut [u8], from: usize, to: usize, count: usize, mask: [u8; 4]) {
    assert!(to <= from && from + count <= buffer.len(), "unmasks within the buffer and towards its front");
    let wide_mask = u128::from_ne_bytes([mask; 4].as_flattened().try_into().expect("four masks are a word"));
    let words_end = count - count % WORD_BYTES;
    for offset in (0..words_end).step_by(WORD_BYTES) {
        let masked = buffer[from + offset..].first_chunk().expect("the word is within the buffer");
        let word = u128::from_ne_bytes(*masked) ^ wide_mask;
        buffer[to + offset..to + offset + WORD_BYTES].copy_from_slice(&word.to_ne_bytes());
    }
    for offset in words_end..count {
        buffer[to + offset] = buffer[from + offset] ^ mask[offset % mask.len()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_at_every_distance_is_unmasked() {
        let mask = [0x12, 0x34, 0x56, 0x78];
        for count in 0..70 {
            for (from, to) in [(0, 0), (6, 0), (6, 5), (7, 1), (17, 0), (20, 20), (50, 3)] {
                let mut buffer: Vec<u8> = (0..150).collect();
                let expected: Vec<u8> = (0..count).map(|i| (from + i) as u8 ^ mask[i % 4]).collect();
                unmask_to_front(&mut buffer, from, to, count, mask);
                assert_eq!(buffer[to..to + count], expected, "{count} bytes from {from} to {to}");
                assert!((from + count..150).all(|i| buffer[i] == i as u8), "{count} bytes from {from} to {to}");
            }
        }
    }
}

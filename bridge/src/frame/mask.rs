//! Removing the mask of a payload (RFC 6455, section 5.3).

/// The sizes of the blocks that are unmasked at once, multiples of the size of a mask. The compiler turns a long one into wide
/// instructions, and a short payload has none.
const LONG_BLOCK_BYTES: usize = 128;
const BLOCK_BYTES: usize = 16;

/// Unmasks the `count` bytes of `buffer` from `from` on, and moves them to `to`, which must not be behind `from`.
///
/// A block is read before it is written, and never written beyond what was read. So one pass does both, although the two
/// ranges may overlap.
pub(super) fn unmask_to_front(buffer: &mut [u8], from: usize, to: usize, count: usize, mask: [u8; 4]) {
    assert!(to <= from && from + count <= buffer.len(), "unmasks within the buffer and towards its front");
    let long_end = count - count % LONG_BLOCK_BYTES;
    if long_end > 0 {
        unmask_long_blocks(buffer, from, to, long_end, mask);
    }
    let end = count - count % BLOCK_BYTES;
    let wide_mask = u128::from_ne_bytes([mask; 4].as_flattened().try_into().expect("four masks are a block"));
    for offset in (long_end..end).step_by(BLOCK_BYTES) {
        let masked = buffer[from + offset..].first_chunk().expect("the block is within the buffer");
        let block = u128::from_ne_bytes(*masked) ^ wide_mask;
        buffer[to + offset..to + offset + BLOCK_BYTES].copy_from_slice(&block.to_ne_bytes());
    }
    for offset in end..count {
        buffer[to + offset] = buffer[from + offset] ^ mask[offset % mask.len()];
    }
}

/// Unmasks `count` bytes, a multiple of [`LONG_BLOCK_BYTES`].
fn unmask_long_blocks(buffer: &mut [u8], from: usize, to: usize, count: usize, mask: [u8; 4]) {
    let mut wide_mask = [0; LONG_BLOCK_BYTES];
    for (index, byte) in wide_mask.iter_mut().enumerate() {
        *byte = mask[index % mask.len()];
    }
    for offset in (0..count).step_by(LONG_BLOCK_BYTES) {
        let mut block: [u8; LONG_BLOCK_BYTES] =
            *buffer[from + offset..].first_chunk().expect("the block is within the buffer");
        for (byte, mask) in block.iter_mut().zip(wide_mask) {
            *byte ^= mask;
        }
        buffer[to + offset..to + offset + LONG_BLOCK_BYTES].copy_from_slice(&block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_at_every_distance_is_unmasked() {
        let mask = [0x12, 0x34, 0x56, 0x78];
        for count in 0..300 {
            for (from, to) in [(0, 0), (6, 0), (6, 5), (7, 1), (17, 0), (20, 20), (50, 3)] {
                let mut buffer: Vec<u8> = (0..400u32).map(|i| i as u8).collect();
                let expected: Vec<u8> = (0..count).map(|i| (from + i) as u8 ^ mask[i % 4]).collect();
                unmask_to_front(&mut buffer, from, to, count, mask);
                assert_eq!(buffer[to..to + count], expected, "{count} bytes from {from} to {to}");
                assert!((from + count..400).all(|i| buffer[i] == i as u8), "{count} bytes from {from} to {to}");
            }
        }
    }
}

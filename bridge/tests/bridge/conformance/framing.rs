//! Autobahn's groups 1, 3 and 4, and what it leaves out: lengths, reserved bits, opcodes, masks.

use super::case::{
    BINARY, CLOSE, CONTINUATION, Case, FINAL, PING, TEXT, binary, case, echoes, fails, fails_after, frame,
    frame_masked_with, header, text,
};

/// Around the limits of the three forms of a length.
const LENGTHS: [usize; 9] = [0, 1, 124, 125, 126, 127, 128, 65_535, 65_536];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in LENGTHS {
        let payload = b"*".repeat(length);
        cases.push(case(format!("text of {length} bytes"), &[text(&payload)], echoes(&*payload)));
        let payload = b"\xfe".repeat(length);
        cases.push(case(format!("binary of {length} bytes"), &[binary(&payload)], echoes(&*payload)));
    }
    for mask in [[0; 4], [0xff; 4], [1, 2, 3, 4], [0, 0, 0, 1]] {
        for length in [1, 2, 3, 4, 5, 7, 64, 1001] {
            let payload: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let name = format!("binary of {length} bytes masked with {mask:?}");
            cases.push(case(name, &[frame_masked_with(mask, FINAL | BINARY, &payload)], echoes(payload)));
        }
    }
    reserved_bits(&mut cases);
    reserved_opcodes(&mut cases);
    not_masked(&mut cases);
    not_minimal(&mut cases);
    cases
}

fn reserved_bits(cases: &mut Vec<Case>) {
    for bits in 1..=7u8 {
        let reserved = bits << 4;
        for opcode in [CONTINUATION, TEXT, BINARY, CLOSE, PING] {
            let name = format!("reserved bits {bits:03b} with opcode {opcode}");
            cases.push(case(name, &[frame(FINAL | reserved | opcode, b"")], fails(1002)));
        }
        let frames = [text("Hello"), frame(FINAL | reserved | TEXT, b"world"), text("!")];
        cases.push(case(format!("reserved bits {bits:03b} after a message"), &frames, fails_after(1002, "Hello")));
    }
}

fn reserved_opcodes(cases: &mut Vec<Case>) {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in ["", "reserved"] {
            let name = format!("opcode {opcode} with {} bytes", payload.len());
            cases.push(case(name, &[frame(FINAL | opcode, payload.as_bytes())], fails(1002)));
        }
        let frames = [text("Hello"), frame(FINAL | opcode, b""), text("!")];
        cases.push(case(format!("opcode {opcode} after a message"), &frames, fails_after(1002, "Hello")));
    }
}

/// Frames of a client must be masked (RFC 6455, section 5.1).
fn not_masked(cases: &mut Vec<Case>) {
    for opcode in [TEXT, BINARY, PING, CLOSE] {
        let frame = vec![FINAL | opcode, 2, 0x03, 0xe8];
        cases.push(case(format!("opcode {opcode} that is not masked"), &[frame], fails(1002)));
    }
}

/// A length must be encoded in the minimal number of bytes (RFC 6455, section 5.2).
fn not_minimal(cases: &mut Vec<Case>) {
    for length in [0, 1, 125u16] {
        let header = [&[FINAL | BINARY, 0x80 | 126][..], &length.to_be_bytes(), &[0; 4]].concat();
        cases.push(case(format!("length {length} in 2 bytes"), &[header, vec![0; length.into()]], fails(1002)));
    }
    for length in [0, 125, 126, 65_535u64] {
        let header = [&[FINAL | BINARY, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4]].concat();
        cases.push(case(format!("length {length} in 8 bytes"), &[header], fails(1002)));
    }
    // Beyond every limit, so that it does not matter that the first bit must not be set.
    cases.push(case("a length of 64 bits", &[header(FINAL | BINARY, u64::MAX)], fails(1009)));
}

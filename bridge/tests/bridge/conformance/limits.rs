//! Autobahn's groups 9 and 10: large messages, and many of them.

use super::case::{
    BINARY, Case, FINAL, TEXT, binary, case, echoes, fails, fails_after, frame, header, last, next, text,
};

/// The default of `--max-message`.
const MESSAGE_MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [128 * 1024, 256 * 1024, MESSAGE_MAX_BYTES - 1, MESSAGE_MAX_BYTES] {
        let payload = b"*".repeat(length);
        cases.push(case(format!("text of {length} bytes"), &[text(&payload)], echoes(&*payload)));
        let payload = vec![0xfe; length];
        cases.push(case(format!("binary of {length} bytes"), &[binary(&payload)], echoes(payload)));
    }
    for fragment_bytes in [64, 256, 1300, 4096, 16_384, 65_536] {
        let payload = vec![7; 256 * 1024];
        let mut frames: Vec<_> = payload.chunks(fragment_bytes).map(next).collect();
        frames[0] = frame(BINARY, &payload[..fragment_bytes]);
        frames.push(last(""));
        let name = format!("256 KiB in fragments of {fragment_bytes} bytes");
        cases.push(case(name, &frames, echoes(payload)));
    }
    for (count, length) in [(1000, 0), (1000, 1), (1000, 16), (1000, 125), (1000, 126), (500, 1000), (100, 10_000)] {
        let message = binary(vec![7; length]);
        let name = format!("{count} messages of {length} bytes");
        cases.push(case(name, &vec![message; count], echoes(vec![7; count * length])));
    }
    for length in [MESSAGE_MAX_BYTES as u64 + 1, 1 << 24, 1 << 32, 1 << 62] {
        for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
            let name = format!("the header of {kind} of {length} bytes");
            cases.push(case(name, &[header(FINAL | opcode, length)], fails(1009)));
        }
    }
    let half = vec![7; MESSAGE_MAX_BYTES / 2];
    let halves = [frame(BINARY, &half), last(&half)];
    cases.push(case("the largest message in two fragments", &halves, echoes([&*half, &*half].concat())));
    let over = [frame(BINARY, &half), header(FINAL, MESSAGE_MAX_BYTES as u64 / 2 + 1)];
    cases.push(case("a second fragment that is over the limit", &over, fails_after(1009, half)));
    cases
}

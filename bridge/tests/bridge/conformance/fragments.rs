//! Autobahn's group 5: messages in several frames.

use super::case::{
    BINARY, CONTINUATION, Case, FINAL, TEXT, Verdict, binary, case, close, echoes, echoes_and_pongs, fails,
    fails_after, first, frame, last, next, ping, pong, text,
};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("two fragments", &[first("fragment1"), last("fragment2")], echoes("fragment1fragment2")),
        case("two binary fragments", &[frame(BINARY, b"\xff"), last(b"\xfe")], echoes(b"\xff\xfe")),
        case("a ping between fragments", &[first("a"), ping("b"), last("c")], echoes_and_pongs("ac", &[b"b"])),
        case("a pong between fragments", &[first("a"), pong("b"), last("c")], echoes("ac")),
        case("empty fragments", &[first(""), next(""), last("")], echoes("")),
        case("one fragment of three that is not empty", &[first(""), next("a"), last("")], echoes("a")),
        case("a message that does not end", &[first("a"), next("b")], echoes("ab")),
        case("a close between fragments", &[first("a"), close(b"\x03\xe8"), last("b")], closed("a", 1000)),
        case("messages after fragments", &[first("a"), last("b"), text("c"), binary("d")], echoes("abcd")),
        case("a new message before the last fragment", &[first("a"), text("b")], fails_after(1002, "a")),
        case("a new binary message before the last fragment", &[first("a"), binary("b")], fails_after(1002, "a")),
        case("a new first fragment before the last fragment", &[first("a"), first("b")], fails_after(1002, "a")),
        case("a fragment after the last fragment", &[first("a"), last("b"), last("c")], fails_after(1002, "ab")),
        case(
            "a fragment in the middle after the last one",
            &[first("a"), last("b"), next("c")],
            fails_after(1002, "ab"),
        ),
    ];
    for final_bit in [0, FINAL] {
        for payload in ["", "fragment"] {
            let name = format!("a continuation of nothing, first byte {final_bit:#x}, of {} bytes", payload.len());
            cases.push(case(name, &[frame(final_bit | CONTINUATION, payload.as_bytes())], fails(1002)));
            let frames = [text("a"), frame(final_bit | CONTINUATION, payload.as_bytes()), text("b")];
            let name = format!("a continuation of a whole message, {final_bit:#x}, of {} bytes", payload.len());
            cases.push(case(name, &frames, fails_after(1002, "a")));
        }
    }
    for count in [2, 3, 5, 50] {
        cases.push(pings_between(count));
    }
    for length in 1..=8 {
        let payload: Vec<u8> = (0..40).collect();
        let mut frames: Vec<_> = payload.chunks(length).map(next).collect();
        frames[0] = frame(TEXT, &payload[..length]);
        frames.push(last(""));
        cases.push(case(format!("fragments of {length} bytes"), &frames, echoes(payload)));
    }
    cases
}

fn closed(bytes: &str, code: u16) -> Verdict {
    Verdict::Closed { bytes: bytes.into(), code: Some(code) }
}

/// Fragments with a ping after each.
fn pings_between(count: u8) -> Case {
    let mut frames = Vec::new();
    let mut payloads: Vec<[u8; 1]> = Vec::new();
    for number in 0..count {
        let payload = [b'0' + number];
        frames.push(if number == 0 { first(payload) } else { next(payload) });
        frames.push(ping(payload));
        payloads.push(payload);
    }
    frames.push(last(""));
    let pongs: Vec<&[u8]> = payloads.iter().map(<[u8; 1]>::as_slice).collect();
    case(format!("{count} fragments with pings between"), &frames, echoes_and_pongs(pongs.concat(), &pongs))
}

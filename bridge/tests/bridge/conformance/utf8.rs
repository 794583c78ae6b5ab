//! Autobahn's group 6: text is UTF-8 (RFC 3629), and it is refused at the first byte that shows that it is not.

use super::case::{Case, binary, case, echoes, fails_after, first, last, next, text};

/// Text, with the first and the last code point of each length, and those beside the surrogates.
const VALID: [&str; 22] = [
    "Hello-µ@ßöäüàá-UTF-8!!",
    "κόσμε",
    "\u{0}",
    "\u{7f}",
    "\u{80}",
    "\u{7ff}",
    "\u{800}",
    "\u{ffff}",
    "\u{10000}",
    "\u{10ffff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{1fffe}",
    "\u{1ffff}",
    "\u{8fffe}",
    "\u{10fffe}",
    "\u{feff}byte order mark",
    "a\u{301}",
    "日本語",
    "👍🏽",
];

/// Bytes that are not UTF-8.
const INVALID: [&[u8]; 37] = [
    // Continuation bytes alone.
    b"\x80",
    b"\xbf",
    b"\x80\xbf",
    b"\x80\xbf\x80\xbf\x80\xbf",
    b"a\x80",
    // First bytes without continuation.
    b"\xc2 ",
    b"\xdf ",
    b"\xe0 ",
    b"\xef ",
    b"\xf0 ",
    b"\xf4 ",
    // Sequences whose last byte is missing.
    b"\xc2",
    b"\xe0\xa0",
    b"\xef\xbf",
    b"\xf0\x90\x80",
    b"\xf4\x8f\xbf",
    b"\xe0\xa0 ",
    b"\xf0\x90\x80 ",
    // Bytes that are never in UTF-8.
    b"\xc0",
    b"\xc1",
    b"\xf5",
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    // Longer than necessary.
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf8\x80\x80\x80\xaf",
    b"\xfc\x80\x80\x80\x80\xaf",
    // Surrogates, and beyond the last code point.
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, valid) in VALID.iter().enumerate() {
        cases.push(case(format!("valid text {index}"), &[text(valid)], echoes(*valid)));
        let bytes = valid.as_bytes();
        for at in 0..=bytes.len().min(8) {
            let frames = [first(&bytes[..at]), last(&bytes[at..])];
            cases.push(case(format!("valid text {index} in fragments split at {at}"), &frames, echoes(*valid)));
        }
        let mut frames: Vec<_> = bytes.iter().map(|byte| next([*byte])).collect();
        frames.insert(0, first(""));
        frames.push(last(""));
        cases.push(case(format!("valid text {index} in fragments of one byte"), &frames, echoes(*valid)));
    }
    for (index, invalid) in INVALID.into_iter().enumerate() {
        cases.push(case(format!("invalid text {index}"), &[text(invalid)], fails_after(1007, invalid)));
        cases.push(case(format!("invalid text {index} as binary"), &[binary(invalid)], echoes(invalid)));
        for at in 1..invalid.len().min(6) {
            let frames = [first(&invalid[..at]), last(&invalid[at..])];
            let name = format!("invalid text {index} in fragments split at {at}");
            cases.push(case(name, &frames, fails_after(1007, invalid)));
        }
        // Followed by more, unless only its end makes it invalid.
        let is_cut = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if !is_cut {
            let name = format!("invalid text {index} in a message that does not end");
            cases.push(case(name, &[first(invalid)], fails_after(1007, invalid)));
        }
        let frames = [text(invalid), text("not relayed")];
        let name = format!("invalid text {index} and a further message");
        cases.push(case(name, &frames, fails_after(1007, invalid)));
    }
    cases
}

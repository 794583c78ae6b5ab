//! Autobahn's group 7: closing.

use super::case::{CLOSE, Case, FINAL, Verdict, binary, case, close, fails, fails_after, first, frame, ping, text};

/// Codes that a client may send.
const VALID: [u16; 16] =
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

/// Codes that must not be sent (RFC 6455, section 7.4).
const INVALID: [u16; 18] =
    [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 16_384, 32_768, 65_000, 65_535];

pub(crate) fn cases() -> Vec<Case> {
    let normal = || close(b"\x03\xe8");
    let quarter = vec![7; 256 * 1024];
    let reason = |length: usize| [b"\x03\xe8".to_vec(), b"*".repeat(length)].concat();
    let not_utf8 = b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80";
    let mut cases = vec![
        case("a close at once", &[normal()], closed("", Some(1000))),
        case("a message and a close", &[text("Hello"), normal()], closed("Hello", Some(1000))),
        case("two closes", &[normal(), normal()], closed("", Some(1000))),
        case("a ping after the close", &[normal(), ping("ping")], closed("", Some(1000))),
        case("a message after the close", &[normal(), text("lost")], closed("", Some(1000))),
        case("garbage after the close", &[normal(), vec![0xff; 64]], closed("", Some(1000))),
        case("a fragment and a close", &[first("part"), normal()], closed("part", Some(1000))),
        case("256 KiB, a close and a ping", &[binary(&quarter), normal(), ping("ping")], closed(quarter, Some(1000))),
        case("a close without a code", &[close(b"")], closed("", None)),
        case("a close with half a code", &[close(b"\x03")], fails(1002)),
        case("a close with a reason", &[close(&reason(10))], closed("", Some(1000))),
        case("a close with the longest reason", &[close(&reason(123))], closed("", Some(1000))),
        case("a close with a reason that is too long", &[close(&reason(124))], fails(1002)),
        case("a close with a reason that is not UTF-8", &[close(not_utf8)], fails(1007)),
        case("a close in parts", &[frame(CLOSE, b"\x03"), frame(FINAL, b"\xe8")], fails(1002)),
        case("a message and a malformed close", &[text("Hello"), close(b"\x03")], fails_after(1002, "Hello")),
    ];
    for code in VALID {
        let bytes = code.to_be_bytes();
        cases.push(case(format!("close code {code}"), &[close(&bytes)], closed("", Some(code))));
        let with_reason = [&bytes[..], b"reason"].concat();
        cases.push(case(format!("close code {code} with a reason"), &[close(&with_reason)], closed("", Some(code))));
    }
    for code in INVALID {
        let bytes = code.to_be_bytes();
        cases.push(case(format!("close code {code}"), &[close(&bytes)], fails(1002)));
        let with_reason = [&bytes[..], b"reason"].concat();
        cases.push(case(format!("close code {code} with a reason"), &[close(&with_reason)], fails(1002)));
    }
    cases
}

fn closed(bytes: impl Into<Vec<u8>>, code: Option<u16>) -> Verdict {
    Verdict::Closed { bytes: bytes.into(), code }
}

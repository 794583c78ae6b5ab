//! Autobahn's group 2: pings and pongs.

use super::case::{
    Case, FINAL, PING, PONG, case, echoes, echoes_and_pongs, fails, frame, header, ping, pong, pongs, text,
};

pub(crate) fn cases() -> Vec<Case> {
    let longest = [0xfe; 125];
    let not_utf8 = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
    let ten: Vec<Vec<u8>> = (0..10).map(|number| format!("ping {number}").into_bytes()).collect();
    let ten_payloads: Vec<&[u8]> = ten.iter().map(Vec::as_slice).collect();
    let ten_pings: Vec<Vec<u8>> = ten.iter().map(ping).collect();
    let hundred_empty = vec![ping(""); 100];
    vec![
        case("an empty ping", &[ping("")], pongs(&[b""])),
        case("a ping with text", &[ping("Hello, world!")], pongs(&[b"Hello, world!"])),
        case("a ping with bytes that are not UTF-8", &[ping(not_utf8)], pongs(&[not_utf8])),
        case("the longest ping", &[ping(longest)], pongs(&[&longest])),
        case("a ping that is too long", &[ping([0xfe; 126])], fails(1002)),
        case("a ping with a length of 8 bytes", &[header(FINAL | PING, 65_536)], fails(1002)),
        case("an empty pong that was not asked for", &[pong("")], echoes("")),
        case("a pong that was not asked for", &[pong("unsolicited")], echoes("")),
        case("the longest pong", &[pong(longest)], echoes("")),
        case("a pong that is too long", &[pong([0; 126])], fails(1002)),
        case("a pong and a ping", &[pong("unsolicited"), ping("ping")], pongs(&[b"ping"])),
        case("ten pings", &ten_pings, pongs(&ten_payloads)),
        case("a hundred empty pings", &hundred_empty, pongs(&[&b""[..]; 100])),
        case("a ping between messages", &[text("a"), ping("b"), text("c")], echoes_and_pongs("ac", &[b"b"])),
        case("a ping in parts", &[frame(PING, b"a"), frame(FINAL, b"b")], fails(1002)),
        case("a pong in parts", &[frame(PONG, b"a"), frame(FINAL, b"b")], fails(1002)),
        case("an empty ping that is not final", &[frame(PING, b"")], fails(1002)),
    ]
}

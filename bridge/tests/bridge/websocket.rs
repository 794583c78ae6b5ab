//! The bridge as a browser and a server see it, over real sockets.

use std::io::ErrorKind;
use std::time::Duration;

use crate::common::{
    Bridge, accept, echo, listen, masked, open_by_hand, read_close, receive_bytes, receive_to_close, send_request,
    soon, target,
};
use futures_util::future::join_all;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use launcelot_bridge::{Options, Target};
use launcelot_testing::sockets::SilentAddress;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

/// How long a test waits for what must not happen.
const NEVER: Duration = Duration::from_millis(200);

#[tokio::test]
async fn bytes_are_relayed_both_ways() {
    let bridge = Bridge::to(echo().await);
    let mut browser = bridge.open("/ws").await;
    browser.send(Message::text("What is your name?")).await.unwrap();
    assert_eq!(receive_bytes(&mut browser, 18).await, b"What is your name?");
    let large = vec![7; 1024 * 1024];
    browser.send(Message::binary(large.clone())).await.unwrap();
    assert!(receive_bytes(&mut browser, large.len()).await == large);
}

#[tokio::test]
async fn a_message_in_one_segment_with_the_handshake_is_relayed() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut socket = bridge.socket().await;
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let early = [handshake.as_bytes(), &masked(0x1, b"What?")].concat();
    socket.write_all(&early).await.unwrap();
    let mut server = accept(&listener).await;
    let mut received = [0; 5];
    soon(server.read_exact(&mut received)).await.unwrap();
    assert_eq!(received, *b"What?");
}

#[tokio::test]
async fn the_handshake_is_answered_once_the_server_has_accepted() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let _browser = bridge.open("/ws").await;
    // The connection is in the backlog.
    assert!(listener.accept().now_or_never().is_some());
}

#[tokio::test]
async fn each_target_has_its_path() {
    let ((first, first_address), (slow, slow_address)) = (listen().await, listen().await);
    let named = |name: &str, address| Target { name: Some(name.to_owned()), ..target(address) };
    let bridge = Bridge::start(Options {
        targets: vec![named("fast", first_address), named("slow", slow_address)],
        ..Options::default()
    });
    for (path, server) in [("/ws", &first), ("/ws/fast", &first), ("/ws/slow", &slow)] {
        let mut browser = bridge.open(path).await;
        accept(server).await.write_all(path.as_bytes()).await.unwrap();
        assert_eq!(receive_to_close(&mut browser).await.0, path.as_bytes());
    }
    let (_, code, reason) = receive_to_close(&mut bridge.open("/ws/unknown").await).await;
    assert_eq!((code, reason.as_str()), (4404, "the bridge has no target of this name"));
    let unknown = "GET /ws/unknown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(send_request(bridge.port, unknown).await.status, 404);
}

#[tokio::test]
async fn a_slash_behind_the_path_of_a_target_makes_no_difference() {
    let named = Target { name: Some("echo".to_owned()), ..target(echo().await) };
    let bridge = Bridge::start(Options { targets: vec![named], ..Options::default() });
    for path in ["/ws", "/ws/", "/ws?query", "/ws/?query", "/ws/echo", "/ws/echo/", "/ws/echo/?query"] {
        let mut browser = bridge.open(path).await;
        browser.send(Message::text("What?")).await.unwrap();
        assert_eq!(receive_bytes(&mut browser, 5).await, b"What?", "{path}");
    }
}

#[tokio::test]
async fn a_websocket_may_follow_another_request_in_one_segment() {
    let bridge = Bridge::to(echo().await);
    let mut socket = bridge.socket().await;
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let close = masked(0x8, &1000u16.to_be_bytes());
    let all = [health.as_bytes(), handshake.as_bytes(), &masked(0x1, b"What?"), &close].concat();
    socket.write_all(&all).await.unwrap();
    let mut received = Vec::new();
    soon(socket.read_to_end(&mut received)).await.unwrap();
    assert!(received.starts_with(b"HTTP/1.1 200 ") && received.ends_with(b"\r\n\r\n\x82\x05What?\x88\x02\x03\xe8"));
}

#[tokio::test]
async fn targets_come_only_from_the_list() {
    let (listener, address) = listen().await;
    let listed = Target { name: Some("listed".to_owned()), ..target(echo().await) };
    let bridge = Bridge::start(Options { targets: vec![listed], ..Options::default() });
    let port = address.port();
    for path in [
        format!("/ws/127.0.0.1:{port}"),
        format!("/ws/127.0.0.1%3A{port}"),
        format!("/ws/{port}"),
        "/ws/LISTED".to_owned(),
        "/ws/listed%00".to_owned(),
        "/ws/%2e%2e".to_owned(),
        "/ws/unix:%2Frun%2Fserver.sock".to_owned(),
    ] {
        assert_eq!(receive_to_close(&mut bridge.open(&path).await).await.1, 4404, "{path}");
    }
    for path in [format!("/ws/listed/127.0.0.1:{port}"), "/ws//listed".to_owned(), "/WS".to_owned()] {
        let refused = soon(tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{}{path}", bridge.port))).await;
        assert!(refused.is_err(), "{path}");
    }
    for query in [format!("target=127.0.0.1:{port}"), format!("token={port}"), format!("host=127.0.0.1&port={port}")] {
        let mut browser = bridge.open(&format!("/ws/listed?{query}")).await;
        browser.send(Message::text("What?")).await.unwrap();
        assert_eq!(receive_bytes(&mut browser, 5).await, b"What?");
    }
    assert!(listener.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_in_the_close() {
    let port = launcelot_testing::ports::ReservedPort::new();
    let address = port.address();
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let reason = format!("cannot reach 127.0.0.1 port {}: Connection refused", address.port());
    assert_eq!(receive_to_close(&mut browser).await, (Vec::new(), 4502, reason));
}

#[tokio::test]
async fn a_server_that_does_not_accept_in_time_is_reported_in_the_close() {
    let silent = SilentAddress::new();
    let address = silent.address;
    let connect_timeout = Duration::from_millis(50);
    let bridge = Bridge::start(Options { targets: vec![target(address)], connect_timeout, ..Options::default() });
    let (_, code, reason) = receive_to_close(&mut bridge.open("/ws").await).await;
    let expected = format!("127.0.0.1 port {} did not accept the connection in time", address.port());
    assert_eq!((code, reason), (4504, expected));
}

#[tokio::test]
async fn a_close_and_a_reset_by_the_server_have_different_codes() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    for (reset, expected) in [(false, 1000), (true, 4500)] {
        let mut browser = bridge.open("/ws").await;
        let mut server = accept(&listener).await;
        if reset {
            server.set_zero_linger().unwrap();
        } else {
            server.write_all(&[7; 300_000]).await.unwrap();
        }
        drop(server);
        let (bytes, code, _) = receive_to_close(&mut browser).await;
        assert_eq!((bytes.len(), code), (if reset { 0 } else { 300_000 }, expected));
    }
}

#[tokio::test]
async fn a_half_close_by_the_server_closes_the_connection() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    server.write_all(b"Blue.").await.unwrap();
    server.shutdown().await.unwrap();
    let (bytes, code, _) = receive_to_close(&mut browser).await;
    assert_eq!((bytes.as_slice(), code), (b"Blue.".as_slice(), 1000));
    assert_eq!(soon(server.read(&mut [0; 1])).await.unwrap(), 0);
}

#[tokio::test]
async fn bytes_sent_before_a_close_by_the_browser_reach_the_server_before_eof() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    // The server's unread bytes must not turn EOF into a reset.
    server.write_all(&[1; 100_000]).await.unwrap();
    browser.send(Message::binary(vec![7; 500_000])).await.unwrap();
    browser.close(None).await.unwrap();
    let browser = tokio::spawn(async move {
        while let Some(message) = browser.next().await {
            assert!(message.is_ok(), "{message:?}");
        }
    });
    let mut received = Vec::new();
    soon(server.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received.len(), 500_000);
    drop(server);
    soon(browser).await.unwrap();
}

#[tokio::test]
async fn a_client_that_disconnects_without_a_close_ends_the_stream_and_one_that_resets_resets_it() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    for reset in [false, true] {
        let browser = open_by_hand(bridge.port).await;
        let mut server = accept(&listener).await;
        if reset {
            browser.set_zero_linger().unwrap();
        }
        drop(browser);
        let end = soon(server.read(&mut [0; 1])).await.map_err(|error| error.kind());
        assert_eq!(end, if reset { Err(ErrorKind::ConnectionReset) } else { Ok(0) });
    }
}

#[tokio::test]
async fn a_protocol_error_is_reported_in_the_close_although_more_bytes_follow() {
    let bridge = Bridge::to(echo().await);
    let unmasked = [0x82, 0x05, b'W', b'h', b'a', b't', b'?'].as_slice();
    let too_big = [[0x82, 0xff].as_slice(), &(64_u64 << 20).to_be_bytes(), &[0; 4]].concat();
    let not_utf8 = masked(0x1, b"\xff");
    for (bytes, code) in [(unmasked, 1002), (&not_utf8, 1007), (&too_big, 1009)] {
        let (mut reader, mut writer) = open_by_hand(bridge.port).await.into_split();
        writer.write_all(bytes).await.unwrap();
        // More than the socket buffers hold: if the bridge did not read it, a reset would destroy the close frame.
        let sent = tokio::spawn(async move {
            writer.write_all(&vec![0; 16 << 20]).await.unwrap();
            writer
        });
        let writer = soon(sent).await.unwrap();
        let mut head = [0; 4];
        soon(reader.read_exact(&mut head)).await.unwrap();
        assert_eq!((head[0], u16::from_be_bytes([head[2], head[3]])), (0x88, code));
        drop(writer);
        soon(reader.read_to_end(&mut Vec::new())).await.unwrap();
    }
}

#[tokio::test]
async fn a_stop_closes_every_websocket_after_the_grace_period_and_ends_the_bridge() {
    let options = Options { targets: vec![target(echo().await)], grace: NEVER, ..Options::default() };
    let bridge = Bridge::start(options);
    let mut browsers = join_all((0..10).map(|_| bridge.open("/ws"))).await;
    let keeps_alive = bridge.socket().await;
    let Bridge { port, stop, served } = bridge;
    stop.send(()).unwrap();
    for browser in &mut browsers {
        assert_eq!(receive_to_close(browser).await, (Vec::new(), 1001, "the bridge is stopping".to_owned()));
    }
    drop(browsers);
    soon(served).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
    drop(keeps_alive);
}

#[tokio::test]
async fn a_stop_waits_for_a_browser_that_has_not_read_everything_yet() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    let mut sent = 0;
    while let Ok(written) = timeout(NEVER, server.write(&[7; 64 * 1024])).await {
        sent += written.unwrap();
    }
    bridge.stop.send(()).unwrap();
    // The browser receives what the bridge has read from the server, and then the close.
    let (bytes, code, _) = receive_to_close(&mut browser).await;
    assert_eq!(code, 1001);
    assert!((1..=sent).contains(&bytes.len()));
    drop((browser, server));
    soon(bridge.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_browser_that_does_not_answer_the_close_is_dropped_after_the_grace_period() {
    let options = Options { targets: vec![target(echo().await)], grace: NEVER, ..Options::default() };
    let bridge = Bridge::start(options);
    let mut browser = open_by_hand(bridge.port).await;
    bridge.stop.send(()).unwrap();
    assert_eq!(read_close(&mut browser).await, 1001);
    soon(bridge.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_bridge_that_is_dropped_drops_its_connections() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let _browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    bridge.served.abort();
    assert_eq!(soon(server.read(&mut [0; 1])).await.unwrap_or_default(), 0);
}

#[tokio::test]
async fn many_browsers_at_once_each_receive_their_own_bytes() {
    const BROWSERS: usize = 300;
    let bridge = Bridge::to(echo().await);
    let send_and_receive = |index: usize| {
        let bridge = &bridge;
        async move {
            let mut browser = bridge.open("/ws").await;
            let sent = format!("{index:06}").repeat(100);
            for part in sent.as_bytes().chunks(60) {
                browser.feed(Message::binary(part.to_vec())).await.unwrap();
            }
            browser.flush().await.unwrap();
            assert_eq!(receive_bytes(&mut browser, sent.len()).await, sent.as_bytes());
        }
    };
    join_all((0..BROWSERS).map(send_and_receive)).await;
}

#[tokio::test]
async fn garbage_and_silent_connections_do_not_affect_other_clients() {
    let bridge = Bridge::to(echo().await);
    let mut silent = Vec::new();
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"What is your name?\r\n\r\n", b"\0\0\0\0", b""]
    {
        let mut socket = bridge.socket().await;
        socket.write_all(garbage).await.unwrap();
        silent.push(socket);
    }
    let long_head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(send_request(bridge.port, &long_head).await.status, 431);
    assert_eq!(send_request(bridge.port, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").await.body, b"ok");
}

/// Sends a handshake with further headers, and returns the head of the response.
async fn handshake(bridge: &Bridge, key: &str, headers: &str) -> String {
    let mut socket = bridge.socket().await;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(socket.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

#[tokio::test]
async fn the_first_offered_subprotocol_that_is_known_is_selected() {
    let subprotocols = vec!["binary".to_owned(), "mqtt".to_owned()];
    let options = Options { targets: vec![target(echo().await)], subprotocols, ..Options::default() };
    let bridge = Bridge::start(options);
    let cases = [
        ("", None),
        ("Sec-WebSocket-Protocol: binary\r\n", Some("binary")),
        ("Sec-WebSocket-Protocol: base64, mqtt , binary\r\n", Some("mqtt")),
        ("Sec-WebSocket-Protocol: base64\r\nSec-WebSocket-Protocol: binary\r\n", Some("binary")),
        ("Sec-WebSocket-Protocol: base64\r\n", None),
    ];
    for (headers, expected) in cases {
        let head = handshake(&bridge, KEY, headers).await;
        let selected = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert!(head.starts_with("http/1.1 101 "), "{headers}: {head}");
        assert_eq!(selected, expected, "{headers}");
    }
}

#[tokio::test]
async fn a_handshake_with_an_invalid_key_or_a_body_is_a_bad_request() {
    let bridge = Bridge::to(echo().await);
    let cases = [
        ("", ""),
        ("dGhlIHNhbXBsZQ==", ""),
        ("not Base64", ""),
        (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        (KEY, "Content-Length: 5\r\n"),
        (KEY, "Transfer-Encoding: chunked\r\n"),
    ];
    for (key, headers) in cases {
        let head = handshake(&bridge, key, headers).await;
        assert!(head.starts_with("http/1.1 400 "), "{key} {headers}: {head}");
    }
    assert!(handshake(&bridge, KEY, "Content-Length: 0\r\n").await.starts_with("http/1.1 101 "));
}

//! The bridge as a browser and a server see it, over real sockets.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod common;

use std::time::Duration;

use common::{Bridge, accept, ask, echo, hear, hear_bytes, listen, masked, open_by_hand, read_close, soon, target};
use futures_util::future::join_all;
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use launcelot_bridge::{Options, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

const NEVER: Duration = Duration::from_millis(200);

#[tokio::test]
async fn bytes_go_there_and_back() {
    let bridge = Bridge::to(echo().await);
    let mut browser = bridge.open("/ws").await;
    browser.send(Message::text("What is your name?")).await.unwrap();
    assert_eq!(hear_bytes(&mut browser, 18).await, b"What is your name?");
    let large = vec![7; 1024 * 1024];
    browser.send(Message::binary(large.clone())).await.unwrap();
    assert!(hear_bytes(&mut browser, large.len()).await == large);
}

#[tokio::test]
async fn what_is_said_in_one_segment_with_the_handshake_is_kept() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut socket = bridge.socket().await;
    // The first question comes in one segment with the handshake.
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let early = [handshake.as_bytes(), &masked(0x1, b"What?")].concat();
    socket.write_all(&early).await.unwrap();
    let mut server = accept(&listener).await;
    let mut heard = [0; 5];
    soon(server.read_exact(&mut heard)).await.unwrap();
    assert_eq!(heard, *b"What?");
}

#[tokio::test]
async fn the_handshake_is_answered_once_the_server_has_accepted() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let _browser = bridge.open("/ws").await;
    // It waits in the queue already.
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
        assert_eq!(hear(&mut browser).await.0, path.as_bytes());
    }
    let unknown = "GET /ws/unknown HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(ask(bridge.port, unknown).await.status, 404);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_in_the_close() {
    let port = launcelot_testing::ports::ReservedPort::new();
    let address = port.address();
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let reason = format!("cannot reach 127.0.0.1 port {}: Connection refused", address.port());
    assert_eq!(hear(&mut browser).await, (Vec::new(), 4502, reason));
}

#[tokio::test]
async fn a_server_that_does_not_accept_in_time_is_given_up() {
    // Its queue is full, and Linux leaves further attempts unanswered.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(waiting) = timeout(NEVER, tokio::net::TcpStream::connect(address)).await {
        queue.push(waiting.unwrap());
    }
    let connect_timeout = Duration::from_millis(50);
    let bridge = Bridge::start(Options { targets: vec![target(address)], connect_timeout, ..Options::default() });
    let (_, code, reason) = hear(&mut bridge.open("/ws").await).await;
    let expected = format!("127.0.0.1 port {} did not accept the connection in time", address.port());
    assert_eq!((code, reason), (4504, expected));
}

#[tokio::test]
async fn a_server_that_closes_is_told_from_one_that_resets() {
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
        let (bytes, code, _) = hear(&mut browser).await;
        assert_eq!((bytes.len(), code), (if reset { 0 } else { 300_000 }, expected));
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_only_its_writing_side_has_closed() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    server.write_all(b"Blue.").await.unwrap();
    server.shutdown().await.unwrap();
    let (bytes, code, _) = hear(&mut browser).await;
    assert_eq!((bytes.as_slice(), code), (b"Blue.".as_slice(), 1000));
    assert_eq!(soon(server.read(&mut [0; 1])).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_browser_said_before_it_closed_reaches_the_server_before_the_end() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    // What the server says may go unheard, but must not turn the end into a reset.
    server.write_all(&[1; 100_000]).await.unwrap();
    browser.send(Message::binary(vec![7; 500_000])).await.unwrap();
    browser.close(None).await.unwrap();
    let browser = tokio::spawn(async move {
        while let Some(message) = browser.next().await {
            assert!(message.is_ok(), "{message:?}");
        }
    });
    let mut heard = Vec::new();
    soon(server.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard.len(), 500_000);
    drop(server);
    soon(browser).await.unwrap();
}

#[tokio::test]
async fn when_a_browser_vanishes_the_connection_is_closed() {
    let (listener, address) = listen().await;
    let bridge = Bridge::to(address);
    for reset in [false, true] {
        let browser = open_by_hand(bridge.port).await;
        let mut server = accept(&listener).await;
        if reset {
            browser.set_zero_linger().unwrap();
        }
        drop(browser);
        assert_eq!(soon(server.read(&mut [0; 1])).await.unwrap(), 0, "reset: {reset}");
    }
}

#[tokio::test]
async fn a_browser_that_breaks_the_protocol_hears_so_whatever_else_it_sent() {
    let bridge = Bridge::to(echo().await);
    let unmasked = [0x82, 0x05, b'W', b'h', b'a', b't', b'?'].as_slice();
    let too_big = [[0x82, 0xff].as_slice(), &(64_u64 << 20).to_be_bytes(), &[0; 4]].concat();
    let not_utf8 = masked(0x1, b"\xff");
    for (bytes, code) in [(unmasked, 1002), (&not_utf8, 1007), (&too_big, 1009)] {
        let (mut reader, mut writer) = open_by_hand(bridge.port).await.into_split();
        writer.write_all(bytes).await.unwrap();
        // More than the sockets' buffers hold: were it left unread, a reset would destroy the close.
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
async fn a_stop_tells_every_browser_and_ends_the_bridge() {
    let bridge = Bridge::to(echo().await);
    let mut browsers = join_all((0..10).map(|_| bridge.open("/ws"))).await;
    let keeps_alive = bridge.socket().await;
    let Bridge { port, stop, served } = bridge;
    stop.send(()).unwrap();
    for browser in &mut browsers {
        assert_eq!(hear(browser).await, (Vec::new(), 1001, "the bridge is stopping".to_owned()));
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
    let mut said = 0;
    while let Ok(written) = timeout(NEVER, server.write(&[7; 64 * 1024])).await {
        said += written.unwrap();
    }
    bridge.stop.send(()).unwrap();
    // It hears what the bridge had taken for it, and then why that was all.
    let (bytes, code, _) = hear(&mut browser).await;
    assert_eq!(code, 1001);
    assert!((1..=said).contains(&bytes.len()));
    drop((browser, server));
    soon(bridge.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_browser_that_does_not_answer_the_close_has_the_grace_period() {
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
async fn no_more_connections_than_allowed_are_open_and_the_next_has_its_turn() {
    let options = Options { targets: vec![target(echo().await)], max_connections: 2, ..Options::default() };
    let bridge = Bridge::start(options);
    let first = bridge.open("/ws").await;
    let mut second = bridge.open("/ws").await;
    let mut third = std::pin::pin!(bridge.open("/ws"));
    assert!(timeout(NEVER, &mut third).await.is_err());
    drop(first);
    let mut third = soon(third).await;
    for browser in [&mut second, &mut third] {
        browser.send(Message::text("What?")).await.unwrap();
        assert_eq!(hear_bytes(browser, 5).await, b"What?");
    }
}

#[tokio::test]
async fn many_browsers_at_once_each_hear_their_own() {
    const BROWSERS: usize = 300;
    let bridge = Bridge::to(echo().await);
    let talk = |index: usize| {
        let bridge = &bridge;
        async move {
            let mut browser = bridge.open("/ws").await;
            let said = format!("{index:06}").repeat(100);
            for part in said.as_bytes().chunks(60) {
                browser.feed(Message::binary(part.to_vec())).await.unwrap();
            }
            browser.flush().await.unwrap();
            assert_eq!(hear_bytes(&mut browser, said.len()).await, said.as_bytes());
        }
    };
    join_all((0..BROWSERS).map(talk)).await;
}

#[tokio::test]
async fn garbage_and_silence_on_the_port_hurt_nobody() {
    let bridge = Bridge::to(echo().await);
    let mut silent = Vec::new();
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"What is your name?\r\n\r\n", b"\0\0\0\0", b""]
    {
        let mut socket = bridge.socket().await;
        socket.write_all(garbage).await.unwrap();
        silent.push(socket);
    }
    let endless = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(ask(bridge.port, &endless).await.status, 431);
    assert_eq!(ask(bridge.port, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").await.body, b"ok");
}

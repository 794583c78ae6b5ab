//! How many connections the bridge serves, and how long a client may take.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::common::{
    Bridge, Browser, SOON, echo, receive_bytes, receive_to_close, send_request, soon, target, upgrade_request,
};
use futures_util::SinkExt as _;
use launcelot_bridge::Options;
use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_testing::wait::until_async;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

const ONE: NonZeroU32 = NonZeroU32::MIN;

/// The timeout under test. The others are far longer.
const SHORT: Duration = Duration::from_millis(100);

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const ROOT: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn check_echo(browser: &mut Browser) {
    browser.send(Message::text("What?")).await.unwrap();
    assert_eq!(receive_bytes(browser, 5).await, b"What?");
}

/// Sends `request` over a connection that is kept, and returns the connection and the head of the response.
async fn request(bridge: &Bridge, request: &str) -> (TcpStream, String) {
    let mut socket = bridge.socket().await;
    let head = request_again(&mut socket, request).await;
    (socket, head)
}

async fn request_again(socket: &mut TcpStream, request: &str) -> String {
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(socket.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Connects from another address than the other clients of a test.
async fn connect_from(host: &str, port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(host.parse().unwrap(), 0)).unwrap();
    soon(socket.connect(SocketAddr::from(([127, 0, 0, 1], port)))).await.unwrap()
}

/// Waits for the end of a connection.
async fn read_to_end(socket: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    soon(socket.read_to_end(&mut rest)).await.unwrap();
    rest
}

#[tokio::test]
async fn over_the_limit_health_is_answered_requests_get_503_and_websockets_4429() {
    let bridge =
        Bridge::start(Options { targets: vec![target(echo().await)], max_connections: ONE, ..Options::default() });
    let mut first = bridge.open("/ws").await;
    for health in [HEALTH, "GET /healthz HTTP/1.0\r\n\r\n", "GET /readyz HTTP/1.0\r\n\r\n"] {
        assert_eq!(send_request(bridge.port, health).await.status, 200, "{health:?}");
    }
    let (mut socket, head) = request(&bridge, ROOT).await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: "), "{head}");
    read_to_end(&mut socket).await;
    let (_, code, reason) = receive_to_close(&mut bridge.open("/ws").await).await;
    assert_eq!((code, reason.as_str()), (4429, "the bridge has too many connections"));
    check_echo(&mut first).await;
    first.close(None).await.unwrap();
    drop(first);
    until_async("a free place", async || (send_request(bridge.port, ROOT).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn over_the_limit_of_websockets_requests_are_answered() {
    let bridge =
        Bridge::start(Options { targets: vec![target(echo().await)], max_websockets: ONE, ..Options::default() });
    let mut first = bridge.open("/ws").await;
    assert_eq!(receive_to_close(&mut bridge.open("/ws").await).await.1, 4429);
    assert_eq!(send_request(bridge.port, ROOT).await.status, 200);
    check_echo(&mut first).await;
}

#[tokio::test]
async fn one_address_cannot_use_the_places_of_others() {
    let options =
        Options { targets: vec![target(echo().await)], max_connections_per_address: Some(ONE), ..Options::default() };
    let bridge = Bridge::start(options);
    let _first = bridge.open("/ws").await;
    assert_eq!(receive_to_close(&mut bridge.open("/ws").await).await.1, 4429);
    assert_eq!(send_request(bridge.port, ROOT).await.status, 503);
    let mut other = connect_from("127.0.0.2", bridge.port).await;
    other.write_all(ROOT.as_bytes()).await.unwrap();
    assert!(read_to_end(&mut other).await.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_address_with_more_connections_than_there_are_places_does_not_silence_health() {
    const PLACES: u32 = 4 + 64;
    let options = Options {
        targets: vec![target(echo().await)],
        max_connections: 4.try_into().unwrap(),
        max_connections_per_address: Some(ONE),
        // Clients that ignore the close keep their places for longer than the test lasts.
        linger: Duration::from_secs(3600),
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let mut open = Vec::new();
    for _ in 0..2 * PLACES {
        let mut socket = bridge.socket().await;
        // Those without a place are closed at once.
        let _ = socket.write_all(upgrade_request(bridge.port, "/ws").as_bytes()).await;
        open.push(socket);
    }
    let mut other = connect_from("127.0.0.2", bridge.port).await;
    other.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(read_to_end(&mut other).await.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_client_behind_a_trusted_proxy_is_counted_by_its_own_address() {
    let options = Options {
        targets: vec![target(echo().await)],
        max_connections_per_address: Some(ONE),
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let open = |client: &str| {
        let url = format!("ws://127.0.0.1:{}/ws", bridge.port);
        let mut request = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(url).unwrap();
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
        async move { soon(tokio_tungstenite::connect_async(request)).await.unwrap().0 }
    };
    let mut first = open("192.0.2.1").await;
    assert_eq!(receive_to_close(&mut open("192.0.2.1").await).await.1, 4429);
    let mut second = open("192.0.2.2").await;
    check_echo(&mut first).await;
    check_echo(&mut second).await;
}

#[tokio::test]
async fn a_head_that_takes_too_long_ends_its_connection() {
    let bridge = Bridge::start(Options { head_timeout: SHORT, ..Options::default() });
    for sent in ["", "GET / HTTP/1.1\r\n"] {
        let mut socket = bridge.socket().await;
        socket.write_all(sent.as_bytes()).await.unwrap();
        read_to_end(&mut socket).await;
    }
}

#[tokio::test]
async fn a_head_that_arrives_byte_by_byte_has_no_more_time() {
    let bridge = Bridge::start(Options { head_timeout: SHORT, ..Options::default() });
    let (mut reader, mut writer) = bridge.socket().await.into_split();
    let dripping = tokio::spawn(async move {
        let mut pace = tokio::time::interval(SHORT / 10);
        // Fails once the bridge has closed the connection.
        while writer.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    });
    // The end may be a reset.
    let _end = soon(reader.read_to_end(&mut Vec::new())).await;
    soon(dripping).await.unwrap();
}

#[tokio::test]
async fn a_connection_may_wait_for_its_next_request_longer_than_a_head_may_take() {
    let keep_alive = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let bridge = Bridge::start(Options { head_timeout: SHORT, ..Options::default() });
    let (mut socket, head) = request(&bridge, keep_alive).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(soon(socket.read_u16()).await.unwrap(), u16::from_be_bytes(*b"ok"));
    assert!(timeout(4 * SHORT, socket.read_u8()).await.is_err(), "it was closed");
    assert!(request_again(&mut socket, keep_alive).await.starts_with("HTTP/1.1 200 "));

    let bridge = Bridge::start(Options { keep_alive: SHORT, ..Options::default() });
    let (mut socket, _) = request(&bridge, keep_alive).await;
    assert_eq!(read_to_end(&mut socket).await, b"ok");
}

#[tokio::test]
async fn a_response_that_is_not_read_ends_its_connection() {
    let web = tempfile::tempdir().unwrap();
    let file = fs::File::create(web.path().join("large")).unwrap();
    // More than the system queues for a client that does not read.
    file.set_len(32 * 1024 * 1024).unwrap();
    fs::write(web.path().join("small"), "small").unwrap();
    let options = Options {
        web: Some(web.path().to_owned()),
        max_connections: ONE,
        response_timeout: SHORT,
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let (unread, head) = request(&bridge, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let small = "GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    until_async("a free place", async || (send_request(bridge.port, small).await.status == 200).then_some(())).await;
    drop(unread);
}

#[tokio::test]
async fn a_slow_response_is_not_cut_while_the_client_reads() {
    const BYTES: usize = 4 * 1024 * 1024;
    let web = tempfile::tempdir().unwrap();
    fs::File::create(web.path().join("large")).unwrap().set_len(BYTES as u64).unwrap();
    let options = Options {
        web: Some(web.path().to_owned()),
        head_timeout: SHORT,
        keep_alive: SHORT,
        response_timeout: SOON,
        ..Options::default()
    };
    let bridge = Bridge::start(options);
    let (mut socket, _) = request(&bridge, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    // Longer than the timeouts of requests.
    assert!(timeout(4 * SHORT, std::future::pending::<()>()).await.is_err());
    assert_eq!(read_to_end(&mut socket).await.len(), BYTES);
}

#[tokio::test]
async fn silent_connections_over_the_limit_do_not_silence_health_for_long() {
    const RESERVE: usize = 64;
    let options = Options { targets: vec![target(echo().await)], max_connections: ONE, ..Options::default() };
    let bridge = Bridge::start(options);
    let mut first = bridge.open("/ws").await;
    let mut silent = Vec::new();
    for _ in 0..RESERVE {
        silent.push(bridge.socket().await);
    }
    assert_eq!(send_request(bridge.port, HEALTH).await.status, 200);
    check_echo(&mut first).await;
}

#[tokio::test]
async fn a_foreign_page_does_not_learn_that_the_bridge_is_full_nor_which_targets_it_has() {
    let options = Options { targets: vec![target(echo().await)], max_connections: ONE, ..Options::default() };
    let bridge = Bridge::start(options);
    let _first = bridge.open("/ws").await;
    for path in ["/ws", "/ws/unknown"] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Origin: https://evil.example\r\n\r\n"
        );
        assert_eq!(send_request(bridge.port, &request).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_pauses_for_too_long_ends_its_connection() {
    let length = async |body: Result<String, axum::extract::rejection::StringRejection>| match body {
        Ok(body) => body.len().to_string(),
        Err(error) => error.to_string(),
    };
    let routes = axum::Router::new().route("/length", axum::routing::post(length));
    let bridge = Bridge::start(Options { routes: Some(routes), body_timeout: SHORT, ..Options::default() });
    let head = "POST /length HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(send_request(bridge.port, &format!("{head}12345")).await.body, b"5");
    let mut socket = bridge.socket().await;
    socket.write_all(format!("{head}123").as_bytes()).await.unwrap();
    let response = String::from_utf8(read_to_end(&mut socket).await).unwrap();
    assert!(!response.ends_with("\r\n\r\n3"), "{response}");
}

#[tokio::test]
async fn headers_of_a_proxy_that_is_not_trusted_do_not_make_another_client() {
    let options =
        Options { targets: vec![target(echo().await)], max_connections_per_address: Some(ONE), ..Options::default() };
    let bridge = Bridge::start(options);
    let _first = bridge.open("/ws").await;
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
    assert_eq!(send_request(bridge.port, request).await.status, 503);
}

#[tokio::test]
async fn idle_listeners_at_unix_sockets_hold_no_places() {
    const LISTENERS: usize = 1 + 64;
    let directory = tempfile::tempdir().unwrap();
    let unix = (0..LISTENERS).map(|number| UnixListener::bind(directory.path().join(number.to_string())).unwrap());
    let listeners = Listeners::bind("127.0.0.1", 0, BACKLOG).unwrap();
    let port = listeners.port;
    let bridge = launcelot_bridge::Bridge::new(Options { max_connections: ONE, ..Options::default() }).unwrap();
    let unix = unix.collect();
    tokio::spawn(async move { bridge.serve(Some(listeners), unix, std::future::pending()).await });
    // By then all of them wait.
    let mut over_unix = soon(UnixStream::connect(directory.path().join("0"))).await.unwrap();
    over_unix.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    soon(over_unix.read_to_end(&mut response)).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(soon(send_request(port, HEALTH)).await.status, 200);
}

mod long {
    use super::*;

    /// Longer than the defaults of proxies, and shorter than the bridge's.
    const IDLE: Duration = Duration::from_secs(70);

    #[tokio::test]
    async fn by_default_a_connection_waits_longer_for_its_next_request_than_proxies_do() {
        let keep_alive = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let bridge = Bridge::start(Options::default());
        let (mut socket, _) = request(&bridge, keep_alive).await;
        assert_eq!(soon(socket.read_u16()).await.unwrap(), u16::from_be_bytes(*b"ok"));
        assert!(timeout(IDLE, socket.read_u8()).await.is_err(), "it was closed");
        assert!(request_again(&mut socket, keep_alive).await.starts_with("HTTP/1.1 200 "));
    }
}

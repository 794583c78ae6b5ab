//! A bridge that stops: what it answers, and what goes on.

use crate::common::{Bridge, SOON, echo, listen, receive_bytes, receive_to_close, send_request, soon, target};
use futures_util::{FutureExt as _, SinkExt as _};
use launcelot_bridge::{Handshake, Options};
use launcelot_testing::attempts::{check, within_attempts_async};
use launcelot_testing::wait::until_async;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_stopping_bridge_is_not_ready_opens_nothing_and_ends_with_its_last_websocket() {
    let bridge = Bridge::start(Options { targets: vec![target(echo().await)], grace: SOON, ..Options::default() });
    let mut browser = bridge.open("/ws").await;
    assert_eq!(send_request(bridge.port, READY).await.status, 200);
    let Bridge { port, stop, served } = bridge;
    stop.send(()).unwrap();
    until_async("the stop", async || (send_request(port, READY).await.status == 503).then_some(())).await;
    assert_eq!(send_request(port, HEALTH).await.status, 200);
    let refused = format!("ws://127.0.0.1:{port}/ws");
    let (mut refused, _) = soon(tokio_tungstenite::connect_async(refused)).await.unwrap();
    assert_eq!(receive_to_close(&mut refused).await.1, 1001);
    let plain = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(send_request(port, plain).await.status, 503);

    browser.send(Message::text("What?")).await.unwrap();
    assert_eq!(receive_bytes(&mut browser, 5).await, b"What?");
    browser.close(None).await.unwrap();
    drop(browser);
    soon(served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_a_client_sends_before_it_knows_of_the_stop_is_answered() {
    within_attempts_async(3, async || {
        let bridge = Bridge::start(Options { targets: vec![target(echo().await)], grace: SOON, ..Options::default() });
        let _browser = bridge.open("/ws").await;
        let mut socket = bridge.socket().await;
        // Connections are accepted in order: once this is answered, the bridge has the other one also.
        assert_eq!(send_request(bridge.port, HEALTH).await.status, 200);
        socket.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
        bridge.stop.send(()).unwrap();
        tokio::task::yield_now().await;
        // The bridge may have given up on a busy machine.
        let _ = socket.write_all(b"Host: localhost\r\n\r\n").await;
        let mut response = Vec::new();
        let _ = soon(socket.read_to_end(&mut response)).await;
        check(response.starts_with(b"HTTP/1.1 200 "), || format!("the response is {response:?}"))
    })
    .await;
}

#[tokio::test]
async fn a_websocket_that_is_being_connected_at_the_stop_gets_an_answer() {
    let (_listener, address) = listen().await;
    let (called, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let endless = Handshake::new(move |_, _| {
        called.send(()).unwrap();
        std::future::pending().boxed()
    });
    let options = Options {
        targets: vec![target(address)],
        handshakes: [(target(address), endless)].into(),
        connect_timeout: std::time::Duration::from_millis(500),
        grace: SOON,
        ..Options::default()
    };
    let Bridge { port, stop, served } = Bridge::start(options);
    let opening = tokio::spawn(tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{port}/ws")));
    soon(calls.recv()).await.unwrap();
    stop.send(()).unwrap();
    let (mut browser, _) = soon(opening).await.unwrap().unwrap();
    assert_eq!(receive_to_close(&mut browser).await.1, 4504);
    drop(browser);
    soon(served).await.unwrap().unwrap();
}

//! A bridge that stops: what it answers, and what goes on.

#![allow(clippy::unwrap_used, reason = "in a test, what does not hold is a failure")]

mod common;

use common::{Bridge, SOON, echo, receive_bytes, receive_to_close, send_request, soon, target};
use futures_util::SinkExt as _;
use launcelot_bridge::Options;
use launcelot_testing::wait::until_async;
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

//! A bridge within another program's server.

use std::time::Duration;

use crate::common::{echo, receive_bytes, receive_to_close, soon, target};
use axum::Router;
use futures_util::SinkExt as _;
use launcelot_bridge::{Bridge, Options};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_router_is_nested_and_its_websockets_end_at_the_shutdown() {
    let options = Options { targets: vec![target(echo().await)], ..Options::default() };
    let bridge = Bridge::new(options.clone()).unwrap();
    let app = Router::new().nest_service("/bridge", bridge.router());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/bridge/ws", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });

    let (mut browser, _) = soon(connect_async(&url)).await.unwrap();
    browser.send(Message::text("What?")).await.unwrap();
    assert_eq!(receive_bytes(&mut browser, 5).await, b"What?");

    let named = |name: &str| launcelot_bridge::Target { name: Some(name.to_owned()), ..options.targets[0].clone() };
    bridge.reload(Options { targets: vec![named("a"), named("b")], ..options.clone() }).unwrap();
    let (mut other, _) = soon(connect_async(format!("{url}/b"))).await.unwrap();
    other.send(Message::text("That?")).await.unwrap();
    assert_eq!(receive_bytes(&mut other, 5).await, b"That?");
    other.close(None).await.unwrap();
    drop(other);

    let shutdown = tokio::spawn(async move { bridge.shutdown(Duration::from_millis(50)).await });
    assert_eq!(receive_to_close(&mut browser).await.1, 1001);
    drop(browser);
    soon(shutdown).await.unwrap();
}

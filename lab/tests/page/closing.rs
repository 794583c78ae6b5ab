//! How a page's close is answered.

use std::net::TcpListener;

use crate::support::page;

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_clean_for_the_page_although_the_server_does_not_end_its_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_bridge, browser) = page::open_with_bridge_to(listener.local_addr().unwrap().port()).await;
    // The bridge waits for replies meanwhile. Chromium would give up after 60 s, Firefox after 10 s
    // (network.websocket.timeout.close), and report 1006.
    let script = "const done = arguments[0];
        const socket = new WebSocket(`ws://${location.host}/ws`);
        socket.onopen = () => { socket.send('What?'); socket.close(3000); };
        socket.onclose = (event) => done([event.code, event.wasClean]);";
    let closed = browser.client.execute_async(script, Vec::new()).await.unwrap();
    assert_eq!(closed, serde_json::json!([3000, true]));
    let _held_open = listener.accept().unwrap();
}

//! Bulk transfers, which run on threads of their own, and short messages.

use std::fs;

use futures_util::{SinkExt as _, StreamExt as _, join};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::common::program::Running;
use crate::common::{echo, receive_bytes, soon};

/// The size of a bulk transfer, and of a message in it.
const BULK_BYTES: usize = 16 * 1024 * 1024;
const MESSAGE_BYTES: usize = 256 * 1024;

/// The number of short messages after which a relay is not a bulk transfer any more.
const SHORT_MESSAGES: u32 = 200;

/// Returns whether a thread of the program has this name.
fn has_thread(running: &Running, name: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", running.child.id())).unwrap();
    // A thread may have ended meanwhile.
    threads.flatten().any(|thread| fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim() == name))
}

#[tokio::test]
async fn bulk_transfers_and_short_messages_in_turns_arrive_as_they_were_sent() {
    let running = Running::to(echo().await);
    let (mut browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}/ws", running.port))).await.unwrap();
    let bulk: Vec<u8> = (0..BULK_BYTES).map(|index| (index % 251) as u8).collect();
    for round in 0..3 {
        for number in 0..SHORT_MESSAGES {
            browser.send(Message::text(format!("{number:08}"))).await.unwrap();
            assert_eq!(receive_bytes(&mut browser, 8).await, format!("{number:08}").as_bytes());
        }
        assert_eq!(has_thread(&running, "bulk"), round > 0, "before round {round}");
        let (mut sink, mut stream) = browser.split();
        let send = async {
            for message in bulk.chunks(MESSAGE_BYTES) {
                sink.send(Message::binary(message.to_vec())).await.unwrap();
            }
        };
        let receive = async {
            let mut received = Vec::new();
            while received.len() < bulk.len() {
                received.extend_from_slice(&stream.next().await.unwrap().unwrap().into_data());
            }
            assert!(received == bulk, "in round {round}");
        };
        soon(async { join!(send, receive) }).await;
        browser = sink.reunite(stream).unwrap();
    }
    browser.close(None).await.unwrap();
    assert!(matches!(soon(browser.next()).await, Some(Ok(Message::Close(_)))));
}

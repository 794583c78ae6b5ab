//! Bulk transfers, which run on threads of their own, and short messages.

use std::fs;

use futures_util::{SinkExt as _, StreamExt as _, join};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::common::program::{Running, program};
use crate::common::{Browser, echo, receive_bytes, soon};

/// The size of a bulk transfer, and of a message in it.
const BULK_BYTES: usize = 16 * 1024 * 1024;
const MESSAGE_BYTES: usize = 256 * 1024;

/// The number of short messages after which a relay is not a bulk transfer any more.
const SHORT_MESSAGES: u32 = 200;

/// Returns how many threads of the program have this name.
fn threads(running: &Running, name: &str) -> usize {
    let threads = fs::read_dir(format!("/proc/{}/task", running.child.id())).unwrap();
    // A thread may have ended meanwhile.
    let comms = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    comms.filter(|comm| comm.trim() == name).count()
}

/// Sends `bytes` in messages, and receives as many.
async fn send_and_receive(browser: Browser, bytes: &[u8]) -> (Browser, Vec<u8>) {
    let (mut sink, mut stream) = browser.split();
    let send = async {
        for message in bytes.chunks(MESSAGE_BYTES) {
            sink.send(Message::binary(message.to_vec())).await.unwrap();
        }
    };
    let receive = async {
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            received.extend_from_slice(&stream.next().await.unwrap().unwrap().into_data());
        }
        received
    };
    let ((), received) = join!(send, receive);
    (sink.reunite(stream).unwrap(), received)
}

#[tokio::test]
async fn bulk_transfers_at_once_have_as_many_threads_as_there_are_for_short_messages() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--threads", "3", "--target", &echo().await.to_string()]);
    let running = Running::start(&mut command, 1);
    let bulk = vec![7; BULK_BYTES];
    let transfers = (0..5).map(async |_| {
        let (browser, _) = connect_async(format!("ws://127.0.0.1:{}/ws", running.port)).await.unwrap();
        let (_browser, received) = send_and_receive(browser, &bulk).await;
        assert!(received == bulk);
    });
    soon(futures_util::future::join_all(transfers)).await;
    assert_eq!(threads(&running, "bulk"), 3);
}

#[tokio::test]
async fn a_bulk_transfer_for_which_no_thread_can_be_started_goes_on_where_it_is() {
    // Less than the stack of a thread.
    const FREE_BYTES: u64 = 1024 * 1024;
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--threads", "1", "--target", &echo().await.to_string()]);
    let mut running = Running::start(&mut command, 1);
    running.check_echo().await;
    let (browser, _) = soon(connect_async(format!("ws://127.0.0.1:{}/ws", running.port))).await.unwrap();
    let limit = Some(running.virtual_bytes() + FREE_BYTES);
    prlimit(Some(Pid::from_child(&running.child)), Resource::As, Rlimit { current: limit, maximum: limit }).unwrap();
    let bulk = vec![7; BULK_BYTES];
    let (_browser, received) = soon(send_and_receive(browser, &bulk)).await;
    assert!(received == bulk);
    assert!(running.next_logged().contains("cannot start a thread for bulk transfers"));
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
        assert_eq!(threads(&running, "bulk") > 0, round > 0, "before round {round}");
        let received;
        (browser, received) = soon(send_and_receive(browser, &bulk)).await;
        assert!(received == bulk, "in round {round}");
    }
    browser.close(None).await.unwrap();
    assert!(matches!(soon(browser.next()).await, Some(Ok(Message::Close(_)))));
}

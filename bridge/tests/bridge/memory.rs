//! The memory of many connections while they are silent.

use std::net::SocketAddr;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::program::Running;
use crate::common::{listen, open_by_hand, soon};

const CONNECTIONS: usize = 1000;

/// The number of clients that connect at a time.
const AT_A_TIME: usize = 50;

/// How many bytes the server sends on each connection before it is silent.
const CARRIED_BYTES: usize = 512 * 1024;

/// The most that a silent connection may take.
const EACH_MAX_BYTES: u64 = 6 * 1024;

/// Starts a server that sends [`CARRIED_BYTES`] on each connection and is silent then, and returns its address.
async fn server() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(&vec![7; CARRIED_BYTES]).await.unwrap();
                // The end, or a reset, of the client.
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
    });
    address
}

async fn client(port: u16) -> TcpStream {
    let mut client = open_by_hand(port).await;
    // The headers of its messages come on top.
    soon(client.read_exact(&mut vec![0; CARRIED_BYTES])).await.unwrap();
    client
}

#[tokio::test]
async fn connections_that_carried_much_and_fell_silent_take_little_memory() {
    let running = Running::to(server().await);
    drop(client(running.port).await);
    let before = running.resident_bytes();
    let mut clients = Vec::new();
    while clients.len() < CONNECTIONS {
        clients.extend(join_all((0..AT_A_TIME).map(|_| client(running.port))).await);
    }
    let each = running.resident_bytes().saturating_sub(before) / CONNECTIONS as u64;
    assert!(each <= EACH_MAX_BYTES, "{each} bytes for each connection");
}

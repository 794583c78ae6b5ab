//! Connections that are made and broken off by the thousand leave nothing behind.

use std::fs;
use std::net::SocketAddr;

use futures_util::future::join_all;
use launcelot_testing::ports::ReservedPort;
use launcelot_testing::wait::until_async;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::program::{Running, program};
use crate::common::{echo, listen, masked, open_by_hand_at, send_request, soon, upgrade_request};

/// The number of cycles in a pass.
const CYCLES: usize = 2000;

/// The number of clients at a time.
const CLIENTS: usize = 40;

/// A download of this size is a bulk transfer.
const BULK_BYTES: usize = 16 * 1024 * 1024;

/// The most by which resident memory may be larger after the second pass than after the first.
const GROWTH_MAX_BYTES: u64 = 2 * 1024 * 1024;

/// What a client does before it is gone. All but the last two leave by a reset.
#[derive(Debug, Clone, Copy)]
enum Cycle {
    SendsNothing,
    SendsHalfARequest,
    LeavesBeforeTheUpgrade,
    SendsAPartOfAMessage,
    ReceivesAPartOfADownload,
    IsResetByTheServer,
    HasNoServer,
}

const KINDS: [Cycle; 7] = [
    Cycle::SendsNothing,
    Cycle::SendsHalfARequest,
    Cycle::LeavesBeforeTheUpgrade,
    Cycle::SendsAPartOfAMessage,
    Cycle::ReceivesAPartOfADownload,
    Cycle::IsResetByTheServer,
    Cycle::HasNoServer,
];

impl Cycle {
    async fn run(self, port: u16) {
        let client = match self {
            Self::SendsNothing => connect(port).await,
            Self::SendsHalfARequest => {
                let mut client = connect(port).await;
                client.write_all(b"GET /ws HTTP/1.1\r\nHost: 127.").await.unwrap();
                client
            }
            Self::LeavesBeforeTheUpgrade => {
                let mut client = connect(port).await;
                client.write_all(upgrade_request(port, "/ws").as_bytes()).await.unwrap();
                client
            }
            Self::SendsAPartOfAMessage => {
                let mut client = open_by_hand_at(port, "/ws").await;
                let message = [masked(0x2, b"whole"), vec![0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0], vec![7; 10_000]];
                client.write_all(&message.concat()).await.unwrap();
                client
            }
            Self::ReceivesAPartOfADownload => {
                let mut client = open_by_hand_at(port, "/ws/download").await;
                soon(client.read_exact(&mut [0; 10_000])).await.unwrap();
                client
            }
            Self::IsResetByTheServer | Self::HasNoServer => {
                let path = if matches!(self, Self::HasNoServer) { "/ws/nowhere" } else { "/ws/reset" };
                let mut client = open_by_hand_at(port, path).await;
                let mut close = [0; 4];
                soon(client.read_exact(&mut close)).await.unwrap();
                assert_eq!(close[0], 0x88, "{self:?}: {close:?}");
                return;
            }
        };
        client.set_zero_linger().unwrap();
    }
}

async fn connect(port: u16) -> TcpStream {
    soon(TcpStream::connect(("127.0.0.1", port))).await.unwrap()
}

/// Starts a server that sends until it cannot, and returns its address.
async fn endless() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { while stream.write_all(&[7; 64 * 1024]).await.is_ok() {} });
        }
    });
    address
}

/// Starts a server that resets all connections, and returns its address.
async fn resetting() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_zero_linger().unwrap();
        }
    });
    address
}

/// The bridge with four targets, and its metrics.
struct Bridge {
    running: Running,
    metrics_port: ReservedPort,
    _nowhere: ReservedPort,
}

impl Bridge {
    async fn start() -> Self {
        let metrics_port = ReservedPort::new();
        let nowhere = ReservedPort::new();
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--metrics", &metrics_port.address().to_string()]);
        // A task that does not end delays the stop by an hour.
        command.args(["--grace", "1h"]);
        let targets = [
            echo().await.to_string(),
            format!("download={}", endless().await),
            format!("reset={}", resetting().await),
            format!("nowhere={}", nowhere.address()),
        ];
        for target in targets {
            command.args(["--target", &target]);
        }
        Self { running: Running::start(&mut command, 1), metrics_port, _nowhere: nowhere }
    }

    /// Downloads so much that the threads for bulk transfers start, which have descriptors.
    async fn start_bulk_threads(&self) {
        let mut client = open_by_hand_at(self.running.port, "/ws/download").await;
        soon(client.read_exact(&mut vec![0; BULK_BYTES])).await.unwrap();
    }

    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.running.child.id())).unwrap().count()
    }

    /// Waits until there are as many descriptors as `before` and no open connections.
    async fn is_quiet(&self, before: usize) {
        until_async("all descriptors to be closed", async || (self.descriptors() <= before).then_some(())).await;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        until_async("all gauges to be zero", async || {
            let response = send_request(self.metrics_port.number, request).await;
            let text = String::from_utf8(response.body).unwrap();
            let has = |line: &str| text.lines().any(|other| other == line);
            (has("launcelot_bridge_connections 0") && has("launcelot_bridge_websockets 0")).then_some(())
        })
        .await;
    }

    async fn pass(&self) {
        let port = self.running.port;
        let client = async |first: usize| {
            for cycle in (first..CYCLES).step_by(CLIENTS) {
                KINDS[cycle % KINDS.len()].run(port).await;
            }
        };
        join_all((0..CLIENTS).map(client)).await;
    }
}

#[tokio::test]
async fn connections_that_are_broken_off_in_seven_ways_leave_nothing_behind() {
    let bridge = Bridge::start().await;
    bridge.running.check_echo().await;
    bridge.start_bulk_threads().await;
    bridge.is_quiet(usize::MAX).await;
    let descriptors = bridge.descriptors();
    let mut resident = Vec::new();
    for _ in 0..2 {
        bridge.pass().await;
        bridge.is_quiet(descriptors).await;
        bridge.running.check_echo().await;
        resident.push(bridge.running.resident_bytes());
    }
    let grown = resident[1].saturating_sub(resident[0]);
    assert!(grown <= GROWTH_MAX_BYTES, "{grown} bytes more after the second pass");
    bridge.running.signal(Signal::TERM);
    let (code, errors) = soon(bridge.running.ended()).await;
    assert_eq!(code, Some(0), "{errors}");
}

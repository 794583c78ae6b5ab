//! Peers that vanish without a word, in a network of their own whose only interface is taken down.
//!
//! Of silent peers the system notices it after minutes, so those tests are long. All of them need the right to create network
//! namespaces, which root has, and are left out without it.

use std::fs;
use std::future::Future;
use std::process::Command;
use std::thread;
use std::time::Duration;

use launcelot_bridge::close_code::CloseCode;
use launcelot_testing::wait::until_within;
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::select;
use tokio::time::{interval, timeout};

use crate::common::program::{Running, program};
use crate::common::{accept, listen, masked, open_by_hand, read_close, soon, upgrade};

/// Above the two minutes after which keepalive gives a peer up.
const NOTICED_WITHIN: Duration = Duration::from_secs(180);

/// Runs `test` on a thread with a network of its own, if that is allowed.
fn in_own_network(test: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(|| match unshare(CloneFlags::CLONE_NEWNET) {
        Err(Errno::EPERM) => eprintln!("left out: network namespaces are not allowed"),
        result => {
            result.unwrap();
            set_loopback("up");
            test();
        }
    });
    thread.join().unwrap();
}

/// Takes the loopback interface of this thread's network up or down.
fn set_loopback(state: &str) {
    let status = Command::new("ip").args(["link", "set", "lo", state]).status().unwrap();
    assert!(status.success());
}

fn descriptors(running: &Running) -> usize {
    fs::read_dir(format!("/proc/{}/fd", running.child.id())).unwrap().count()
}

/// Starts the bridge with a user timeout, that of idle connections, of 4 s, and without pings.
fn start(target: &str, further_arguments: &[&str]) -> Running {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--target", target, "--ping-interval", "0", "--idle-timeout", "4s"]);
    Running::start(command.args(further_arguments), 1)
}

/// Sends `bytes` every tenth of a second, until that fails.
async fn send_repeatedly(mut stream: impl AsyncWrite + Unpin, bytes: &[u8]) {
    let mut ticks = interval(Duration::from_millis(100));
    while stream.write_all(bytes).await.is_ok() {
        ticks.tick().await;
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

// In the next two tests, bytes move on the other connection, a Unix socket, so that the relay is never idle.

#[test]
fn a_client_that_vanishes_is_noticed_by_the_user_timeout_while_the_server_sends() {
    in_own_network(|| {
        block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("server");
            let listener = UnixListener::bind(&path).unwrap();
            let running = start(&format!("unix:{}", path.display()), &[]);
            let mut client = open_by_hand(running.port).await;
            let (mut server, _) = soon(listener.accept()).await.unwrap();
            server.write_all(b"a").await.unwrap();
            soon(client.read_exact(&mut [0; 3])).await.unwrap();
            set_loopback("down");
            soon(send_repeatedly(server, b"a")).await;
        });
    });
}

#[test]
fn a_server_that_vanishes_is_noticed_by_the_user_timeout_while_the_client_sends() {
    in_own_network(|| {
        block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("bridge");
            let (listener, address) = listen().await;
            let running = start(&address.to_string(), &["--listen-unix", path.to_str().unwrap()]);
            let mut client = UnixStream::connect(&path).await.unwrap();
            upgrade(&mut client, running.port, "/ws").await;
            let _server = accept(&listener).await;
            set_loopback("down");
            let (mut receiver, sender) = client.into_split();
            let message = masked(0x2, b"a");
            let code = async {
                select! {
                    code = read_close(&mut receiver) => code,
                    () = send_repeatedly(sender, &message) => panic!("closed without a code"),
                }
            };
            assert_eq!(soon(code).await, CloseCode::ServerBroke.number());
        });
    });
}

mod long {
    use super::*;

    /// Opens a WebSocket through a bridge that has neither pings nor an idle timeout, lets the client `talk`, cuts the network,
    /// and waits until the bridge has closed both connections.
    fn check_that_cut_connections_are_noticed(talk: impl AsyncFnOnce(&mut TcpStream)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (running, before, _peers) = runtime.block_on(async {
            let (listener, address) = listen().await;
            let mut command = program();
            command.args(["--listen", "127.0.0.1:0", "--target", &address.to_string()]);
            let running = Running::start(command.args(["--ping-interval", "0", "--idle-timeout", "0"]), 1);
            let before = descriptors(&running);
            let mut client = open_by_hand(running.port).await;
            let server = accept(&listener).await;
            talk(&mut client).await;
            assert_eq!(descriptors(&running), before + 2);
            (running, before, (client, server))
        });
        set_loopback("down");
        until_within(NOTICED_WITHIN, "both connections to be closed", || {
            (descriptors(&running) <= before).then_some(())
        });
    }

    #[test]
    fn silent_peers_that_vanish_are_noticed_by_keepalive() {
        in_own_network(|| check_that_cut_connections_are_noticed(async |_| {}));
    }

    #[test]
    fn a_client_that_vanishes_while_it_is_not_read_is_noticed_by_keepalive() {
        in_own_network(|| {
            check_that_cut_connections_are_noticed(async |client| {
                // More than the bridge and the system keep for a server that does not read.
                let message = [&[0x82, 0xff][..], &(1u64 << 20).to_be_bytes(), &[0; 4]].concat();
                soon(client.write_all(&message)).await.unwrap();
                let mut sent = 0;
                let chunk = [7; 16 * 1024];
                while let Ok(count) = timeout(Duration::from_millis(200), client.write(&chunk)).await {
                    sent += count.unwrap();
                }
                assert!(sent > 128 * 1024, "{sent} bytes fill the way to the server");
            });
        });
    }
}

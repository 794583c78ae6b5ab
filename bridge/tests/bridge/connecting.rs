//! When a connection counts as connected, and which events of connecting an observer gets.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::{Bridge, accept, echo, listen, receive_to_close, soon, target};
use futures_util::FutureExt as _;
use launcelot_bridge::{Handshake, Options};
use launcelot_endpoint::observe::{ConnectStep, ConnectionObserver, NewConnection, Observer, Point};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

fn with_handshake(address: SocketAddr, handshake: Handshake) -> Options {
    let handshakes = HashMap::from([(target(address), handshake)]);
    Options { targets: vec![target(address)], handshakes, ..Options::default() }
}

#[tokio::test]
async fn a_connection_is_connected_when_its_handshake_is_over() {
    let (listener, address) = listen().await;
    let (called, mut calls) = mpsc::unbounded_channel();
    let over = Arc::new(Notify::new());
    let is_over = Arc::clone(&over);
    let handshake = Handshake::new(move |local, _| {
        called.send(local).unwrap();
        let is_over = Arc::clone(&is_over);
        async move {
            is_over.notified().await;
            Ok(())
        }
        .boxed()
    });
    let bridge = Bridge::start(with_handshake(address, handshake));
    let url = format!("ws://127.0.0.1:{}/ws", bridge.port);
    let mut opening = tokio::spawn(async move { connect_async(url).await });
    let server = accept(&listener).await;
    assert_eq!(soon(calls.recv()).await, Some(server.peer_addr().unwrap()));
    assert!(timeout(Duration::from_millis(100), &mut opening).await.is_err(), "open before its handshake was over");
    over.notify_one();
    soon(opening).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handshake_that_fails_or_takes_too_long_is_reported_like_an_unreachable_target() {
    let (listener, address) = listen().await;
    let failing = Handshake::new(|_, _| async { Err(io::Error::other("refused far away")) }.boxed());
    let bridge = Bridge::start(with_handshake(address, failing));
    let (_, code, reason) = receive_to_close(&mut bridge.open("/ws").await).await;
    let expected = format!("cannot reach 127.0.0.1 port {}: refused far away", address.port());
    assert_eq!((code, reason), (4502, expected));

    let endless = Handshake::new(|_, _| std::future::pending().boxed());
    let connect_timeout = Duration::from_millis(50);
    let bridge = Bridge::start(Options { connect_timeout, ..with_handshake(address, endless) });
    assert_eq!(receive_to_close(&mut bridge.open("/ws").await).await.1, 4504);
    drop(listener);
}

/// Records the address and the steps of a connection. A clone records into the same place.
#[derive(Debug, Clone, Default)]
struct StepRecorder(Arc<Mutex<Recorded>>);

#[derive(Debug, Clone, Default)]
struct Recorded {
    to: Option<SocketAddr>,
    steps: Vec<(Instant, ConnectStep)>,
}

impl Observer for StepRecorder {
    fn connection(&self, connection: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        *self.0.lock().unwrap() = Recorded { to: Some(connection.to), steps: connection.steps.to_vec() };
        Some(Box::new(self.clone()))
    }
}

impl ConnectionObserver for StepRecorder {
    fn step(&mut self, at: Instant, step: ConnectStep) {
        self.0.lock().unwrap().steps.push((at, step));
    }

    fn record(&mut self, _: Instant, _: Point, _: usize) -> bool {
        true
    }
}

#[tokio::test]
async fn an_observer_gets_the_end_of_each_part_of_connecting() {
    use ConnectStep::{ConnectBegun, ConnectDone, RequestIn, ResponseOut};
    let address = echo().await;
    let observer = StepRecorder::default();
    let handshake_over = Arc::new(Mutex::new(None));
    let read_clock = Arc::clone(&handshake_over);
    let handshake = Handshake::new(move |_, _| {
        *read_clock.lock().unwrap() = Some(Instant::now());
        async { Ok(()) }.boxed()
    });
    let options = Options { observer: Some(Arc::new(observer.clone())), ..with_handshake(address, handshake) };
    let bridge = Bridge::start(options);
    let begin = Instant::now();
    let _browser = bridge.open("/ws").await;
    let end = Instant::now();
    let Recorded { to, steps } = observer.0.lock().unwrap().clone();
    assert_eq!(to, Some(address));
    let (moments, steps): (Vec<Instant>, Vec<ConnectStep>) = steps.into_iter().unzip();
    assert_eq!(steps, [RequestIn, ConnectBegun, ConnectDone, ResponseOut]);
    let handshake_over = handshake_over.lock().unwrap().unwrap();
    let moments = [begin, moments[0], moments[1], handshake_over, moments[2], moments[3], end];
    assert!(moments.is_sorted(), "{moments:?}");
}

#[tokio::test]
async fn failures_to_connect_are_told_apart() {
    let closed = launcelot_testing::ports::ReservedPort::new();
    let silent = launcelot_testing::sockets::SilentAddress::new();
    let close = async |target: launcelot_bridge::Target, target_details: bool| {
        let connect_timeout = Duration::from_secs(2);
        let bridge =
            Bridge::start(Options { targets: vec![target], target_details, connect_timeout, ..Options::default() });
        let (_, code, reason) = receive_to_close(&mut bridge.open("/ws").await).await;
        (code, reason)
    };
    let refusing = target(closed.address());
    let unknown = launcelot_bridge::Target::tcp(None, "", 1060);
    let missing: launcelot_bridge::Target = "unix:/no/such/socket".parse().unwrap();
    let port = closed.address().port();
    assert_eq!(
        close(refusing.clone(), true).await,
        (4502, format!("cannot reach 127.0.0.1 port {port}: Connection refused"))
    );
    let (code, reason) = close(unknown.clone(), true).await;
    assert!(code == 4502 && reason.starts_with("cannot find the address of "), "{code} {reason}");
    let expected = (4502, "cannot reach /no/such/socket: No such file or directory".to_owned());
    assert_eq!(close(missing, true).await, expected);
    assert_eq!(close(refusing, false).await, (4502, "the server cannot be reached".to_owned()));
    assert_eq!(close(unknown, false).await, (4502, "the address of the server cannot be found".to_owned()));
    let timed_out = (4504, "the server did not accept the connection in time".to_owned());
    assert_eq!(close(target(silent.address), false).await, timed_out);
}

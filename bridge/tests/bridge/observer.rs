//! Time that the bridge spends in an observer is not measured.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::common::{Bridge, accept, listen, receive_bytes, soon, target};
use futures_util::SinkExt as _;
use launcelot_bridge::Options;
use launcelot_endpoint::observe::{ConnectionObserver, NewConnection, Observer, Point};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

/// An observer that is slow on purpose.
#[derive(Debug, Clone, Default)]
struct Slow(Arc<Mutex<Vec<Event>>>);

#[derive(Debug, Clone, Copy)]
struct Event {
    point: Point,
    at: Instant,
    reported_at: Instant,
}

impl Observer for Slow {
    fn connection(&self, _: &NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        Some(Box::new(self.clone()))
    }
}

impl ConnectionObserver for Slow {
    fn record(&mut self, at: Instant, point: Point, _: usize) -> bool {
        let reported_at = Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        self.0.lock().unwrap().push(Event { point, at, reported_at });
        true
    }
}

#[tokio::test]
async fn the_time_in_the_bridge_does_not_contain_the_time_of_reports() {
    let (listener, address) = listen().await;
    let observer = Slow::default();
    let observed = Some(Arc::new(observer.clone()) as Arc<dyn Observer>);
    let bridge = Bridge::start(Options { targets: vec![target(address)], observer: observed, ..Options::default() });
    let mut browser = bridge.open("/ws").await;
    let mut server = accept(&listener).await;
    browser.send(Message::text("What?")).await.unwrap();
    soon(server.read_exact(&mut [0; 5])).await.unwrap();
    server.write_all(b"That.").await.unwrap();
    assert_eq!(receive_bytes(&mut browser, 5).await, b"That.");
    // The bridge has reported everything when it has closed.
    drop(browser);
    soon(server.read(&mut [0])).await.unwrap();
    let events = observer.0.lock().unwrap().clone();
    let points: Vec<Point> = events.iter().map(|event| event.point).collect();
    assert_eq!(points, [Point::FromClient, Point::ToServer, Point::FromServer, Point::ToClient]);
    for read_and_written in events.chunks(2) {
        let [read, written] = read_and_written else { panic!("{events:?}") };
        assert!(
            written.at <= read.reported_at,
            "{:?} is {:?} after {:?}, and {:?} after its report",
            written.point,
            written.at - read.at,
            read.point,
            written.at - read.reported_at
        );
    }
}

//! Time that the tunnel spends in an observer is not measured.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_endpoint::observe::{ConnectionObserver, NewConnection, Observer, Point};
use launcelot_lab::tunnel::{Tunnel, TunnelSettings};

use crate::support::sockets::{accept, connect};
use crate::support::wait;

/// An observer whose every call takes 5 ms.
#[derive(Debug, Clone)]
struct Slow(Sender<Event>);

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
        thread::sleep(Duration::from_millis(5));
        self.0.send(Event { point, at, reported_at }).is_ok()
    }
}

#[test]
fn the_time_in_the_tunnel_does_not_contain_the_time_of_reports() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    let (sender, events) = channel();
    let to = vec![server.local_addr().unwrap()];
    let observer = Arc::new(Slow(sender));
    let tunnel = Tunnel::start(listeners, to, TunnelSettings::default(), Duration::ZERO, Some(observer)).unwrap();
    let mut client = connect(tunnel.port);
    let mut accepted = accept(&server);
    // The tunnel has connected once something has come back, and relays what it reads in the same turn from then on.
    accepted.write_all(b"!").unwrap();
    client.read_exact(&mut [0]).unwrap();
    client.write_all(b"What?").unwrap();
    accepted.read_exact(&mut [0; 5]).unwrap();
    let next = || wait::receive(&events, "an event").unwrap();
    for points in [[Point::FromServer, Point::ToClient], [Point::FromClient, Point::ToServer]] {
        let [read, written] = [next(), next()];
        assert_eq!([read.point, written.point], points);
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

//! Connections through one tunnel are independent: each resolves the server's name, and none delays another.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_endpoint::observe::{self, ConnectionObserver, Observer, Point};
use launcelot_lab::tunnel::destination::{Destination, Lookup};
use launcelot_lab::tunnel::{Tunnel, TunnelSettings};
use launcelot_measure::LinkSettings;

use crate::support::sockets::{connect, serve_each};
use crate::support::wait;

/// Starts an echo server that first sends the byte `greeting`, so that a client knows which server it has reached.
fn server(greeting: u8) -> SocketAddr {
    serve_each(move |mut client| {
        client.write_all(&[greeting]).unwrap();
        let _ = std::io::copy(&mut client.try_clone().unwrap(), &mut client);
    })
}

fn tunnel_to(lookup: Lookup) -> Tunnel {
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    let to = Destination::Name { name: "camelot.example".to_owned(), lookup };
    Tunnel::start(listeners, to, TunnelSettings::default(), Duration::ZERO, None).unwrap()
}

fn read_byte(client: &mut TcpStream) -> std::io::Result<u8> {
    let mut byte = [0];
    client.read_exact(&mut byte).map(|()| byte[0])
}

#[test]
fn the_server_name_is_resolved_for_each_connection() {
    let first = server(1);
    let second = server(2);
    let known = Arc::new(Mutex::new(vec![first]));
    let now_known = Arc::clone(&known);
    let tunnel = tunnel_to(Arc::new(move || match &now_known.lock().unwrap()[..] {
        [] => Err(ErrorKind::NotFound.into()),
        addresses => Ok(addresses.to_vec()),
    }));
    let mut before = connect(tunnel.port);
    assert_eq!(read_byte(&mut before).unwrap(), 1);
    *known.lock().unwrap() = vec![second];
    assert_eq!(read_byte(&mut connect(tunnel.port)).unwrap(), 2);
    known.lock().unwrap().clear();
    assert_eq!(read_byte(&mut connect(tunnel.port)).unwrap_err().kind(), ErrorKind::ConnectionReset);
    before.write_all(&[7]).unwrap();
    assert_eq!(read_byte(&mut before).unwrap(), 7, "an open connection keeps its server");
}

#[test]
fn a_slow_lookup_does_not_delay_open_connections() {
    let address = server(1);
    let (answer, answers) = channel::<()>();
    let answers = Mutex::new(answers);
    let tunnel = tunnel_to(Arc::new(move || {
        answers.lock().unwrap().recv().unwrap();
        Ok(vec![address])
    }));
    let mut open = connect(tunnel.port);
    answer.send(()).unwrap();
    assert_eq!(read_byte(&mut open).unwrap(), 1);
    let mut waiting = connect(tunnel.port);
    for _ in 0..10 {
        open.write_all(&[7]).unwrap();
        assert_eq!(read_byte(&mut open).unwrap(), 7);
    }
    answer.send(()).unwrap();
    assert_eq!(read_byte(&mut waiting).unwrap(), 1);
}

/// Client, time, point and bytes of each event, in the order of the tunnel's thread.
type Events = Arc<Mutex<Vec<(SocketAddr, Instant, Point, usize)>>>;

#[derive(Debug, Default)]
struct Recorder(Events);

#[derive(Debug)]
struct Connection(SocketAddr, Events);

impl Observer for Recorder {
    fn connection(&self, connection: &observe::NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        Some(Box::new(Connection(connection.from, Arc::clone(&self.0))))
    }
}

impl ConnectionObserver for Connection {
    fn record(&mut self, at: Instant, point: Point, bytes: usize) -> bool {
        self.1.lock().unwrap().push((self.0, at, point, bytes));
        true
    }
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn a_bulk_transfer_does_not_delay_another_connection() {
    /// In one turn, a connection has at most 16 KiB read and as many written in each direction. The bulk transfer may finish a
    /// turn after a question is due, and have one more.
    const TWO_TURNS_BYTES: usize = 2 * 2 * 2 * 16 * 1024;
    const QUESTIONS: usize = 200;
    let one_way = Duration::from_millis(1);
    let events = Events::default();
    let observer = Arc::new(Recorder(Arc::clone(&events)));
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    let settings = TunnelSettings::from(LinkSettings { rtt: 2 * one_way, ..LinkSettings::default() });
    let tunnel = Tunnel::start(listeners, vec![server(1)], settings, Duration::ZERO, Some(observer)).unwrap();
    let mut neighbour = connect(tunnel.port);
    let bulk = connect(tunnel.port);
    let address = neighbour.local_addr().unwrap();
    read_byte(&mut neighbour).unwrap();
    // Returns two medians: how many bytes of the bulk transfer the tunnel moved after a question was due, and how long it delayed a question.
    let mut ask = || {
        events.lock().unwrap().clear();
        for _ in 0..QUESTIONS {
            neighbour.write_all(&[7]).unwrap();
            read_byte(&mut neighbour).unwrap();
        }
        let events = events.lock().unwrap();
        let mut passed = Vec::new();
        let mut held = Vec::new();
        let of_neighbour = |wanted: Point| {
            let all = events.iter().enumerate().filter(move |(_, event)| event.0 == address && event.2 == wanted);
            all.map(|(place, event)| (place, event.1)).collect::<Vec<_>>()
        };
        for ((read, read_at), (handed_on, handed_on_at)) in
            of_neighbour(Point::FromClient).into_iter().zip(of_neighbour(Point::ToServer))
        {
            let others =
                events[read..handed_on].iter().filter(|event| event.0 != address && event.1 > read_at + one_way);
            passed.push(others.map(|event| event.3).sum::<usize>());
            held.push(handed_on_at - read_at);
        }
        assert_eq!(held.len(), QUESTIONS);
        (median(passed), median(held))
    };
    let (_, alone) = ask();
    let mut writing = bulk.try_clone().unwrap();
    let writer = thread::spawn(move || while writing.write_all(&[0; 256 * 1024]).is_ok() {});
    let mut reading = bulk.try_clone().unwrap();
    let reader = thread::spawn(move || while reading.read(&mut [0; 256 * 1024]).is_ok_and(|count| count > 0) {});
    let (passed, during_transfer) = ask();
    bulk.shutdown(std::net::Shutdown::Both).unwrap();
    drop(tunnel);
    wait::join(writer, "the end of writing");
    wait::join(reader, "the end of reading");
    let ratio = during_transfer.as_secs_f64() / alone.as_secs_f64();
    eprintln!(
        "medians: {passed} bytes of the transfer passed after a question was due; held {alone:?} alone, {during_transfer:?} during the transfer: {ratio:.2}"
    );
    assert!(passed <= TWO_TURNS_BYTES, "{passed} bytes of the transfer passed after a question was due");
}

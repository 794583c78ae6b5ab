//! The tunnel while its settings change, while its clients leave, and while it stops.

use std::fs;
use std::io::{BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_endpoint::observe::{self, ConnectionObserver, Observer, Point};
use launcelot_lab::tunnel::{Tunnel, TunnelSettings};
use launcelot_measure::LinkSettings;
use rustix::process::Signal;

use crate::support::process::{Process, first_line};
use crate::support::sockets::{accept, connect};
use crate::support::wait;

/// An observer that reports how many bytes the tunnel has read from the client.
#[derive(Debug)]
struct ReadFromClient(Sender<usize>);

impl Observer for ReadFromClient {
    fn connection(&self, _: &observe::NewConnection<'_>) -> Option<Box<dyn ConnectionObserver>> {
        Some(Box::new(Self(self.0.clone())))
    }
}

impl ConnectionObserver for ReadFromClient {
    fn record(&mut self, _: Instant, point: Point, bytes: usize) -> bool {
        if point == Point::FromClient {
            let _ = self.0.send(bytes);
        }
        true
    }
}

/// Waits until a condition holds.
#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    wait::until(what, || holds().then_some(()));
}

#[test]
fn a_wider_bandwidth_applies_to_bytes_in_flight_and_keeps_their_order() {
    const BYTES: usize = 20_000;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    let (sender, read_from_client) = channel();
    // With this bandwidth, 20,000 bytes take 200 s.
    let narrow = TunnelSettings::from(LinkSettings { bandwidth: NonZeroU64::new(800), ..LinkSettings::default() });
    let to = vec![server.local_addr().unwrap()];
    let observer = std::sync::Arc::new(ReadFromClient(sender));
    let tunnel = Tunnel::start(listeners, to, narrow, Duration::ZERO, Some(observer)).unwrap();
    let mut client = connect(tunnel.port);
    let sent: Vec<u8> = (0..BYTES).map(|number| (number / 7) as u8).collect();
    client.write_all(&sent).unwrap();
    let mut count = 0;
    while count < BYTES {
        count += wait::receive(&read_from_client, "bytes from the client").unwrap();
    }
    tunnel.set(TunnelSettings::default());
    client.write_all(b"after").unwrap();
    let mut accepted = accept(&server);
    let mut received = vec![0; BYTES + b"after".len()];
    accepted.read_exact(&mut received).unwrap();
    assert!(received == [&sent[..], b"after"].concat());
}

/// The program, its standard output after the ready line, and the port where it listens.
struct Program {
    process: Process,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Program {
    fn start(to: SocketAddr, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
        command.args(["tunnel", "--listen", "127.0.0.1:0", "--to", &to.to_string()]).args(options);
        let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let (ready, output) = first_line("the tunnel's output", process.child.stdout.take().unwrap());
        let (_, port) = ready.split_once(" port ").unwrap();
        let port = port.parse().unwrap();
        Self { process, output, port }
    }

    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.child.id())).unwrap().count()
    }
}

#[test]
fn a_stalled_connection_ends_when_its_client_resets_it_and_not_when_it_half_closes() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = Program::start(server.local_addr().unwrap(), &["--stall-after", "0"]);
    let before = program.descriptors();
    let mut waits = connect(program.port);
    waits.write_all(b"What is your name?").unwrap();
    waits.shutdown(Shutdown::Write).unwrap();
    let clients: Vec<TcpStream> = (0..100).map(|_| connect(program.port)).collect();
    eventually("all of them are relayed", || program.descriptors() >= before + clients.len());
    for (number, mut client) in clients.into_iter().enumerate() {
        if number % 2 == 0 {
            client.write_all(b"What is your name?").unwrap();
        }
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    }
    eventually("only one client's descriptors are left", || program.descriptors() <= before + 2);
    waits.set_nonblocking(true).unwrap();
    assert_eq!(
        waits.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "the connection of a client that still waits has ended"
    );
    assert!(program.descriptors() > before);
}

#[test]
fn a_client_that_half_closed_before_the_stall_is_stalled_until_it_resets() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = Program::start(server.local_addr().unwrap(), &["--stall-after", "6"]);
    let before = program.descriptors();
    let mut client = connect(program.port);
    client.write_all(b"What?").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut accepted = accept(&server);
    let mut question = Vec::new();
    accepted.read_to_end(&mut question).unwrap();
    assert_eq!(question, b"What?");
    accepted.write_all(b"That.").unwrap();
    client.read_exact(&mut [0]).unwrap();
    client.set_nonblocking(true).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(program.descriptors() > before);
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    eventually("the connection is closed", || program.descriptors() <= before);
}

#[test]
fn sigterm_gives_the_grace_period_while_a_write_to_standard_output_blocks() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Program::start(server.local_addr().unwrap(), &["--grace", "60s"]);
    let mut client = connect(program.port);
    let mut accepted = accept(&server);
    // The test does not read the responses to these lines, so the program blocks once the pipe is full.
    let mut input = program.process.child.stdin.take().unwrap();
    let writing = thread::spawn(move || while input.write_all(b"--rtt 0s\n").is_ok() {});
    let state = format!("/proc/{}/task", program.process.child.id());
    eventually("a thread is blocked in a write to standard output", || {
        fs::read_dir(&state).unwrap().any(|task| {
            let wchan = task.and_then(|task| fs::read_to_string(task.path().join("syscall")));
            // The number of write(2) on x86-64 and on others, and descriptor 1.
            wchan.is_ok_and(|call| call.starts_with("1 0x1 ") || call.starts_with("64 0x1 "))
        })
    });
    program.process.signal(Signal::TERM);
    eventually("the tunnel accepts no connection", || TcpStream::connect(("127.0.0.1", program.port)).is_err());
    client.write_all(b"What?").unwrap();
    accepted.read_exact(&mut [0; 5]).unwrap();
    accepted.write_all(b"That.").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    // A connection made during the stop may still be in the server's backlog.
    drop((client, accepted, server));
    assert_eq!(program.process.wait().code(), Some(0));
    let mut rest = Vec::new();
    program.output.read_to_end(&mut rest).unwrap();
    drop(program);
    wait::join(writing, "the end of writing");
}

mod long {
    use super::*;

    /// The deadline for all connections to end: a minute in which Linux keeps the closed socket in FIN-WAIT-2, ten
    /// seconds until the next keepalive probe, and time for a busy machine.
    const END_DEADLINE: Duration = Duration::from_secs(150);

    #[test]
    fn stalled_connections_end_once_keepalive_shows_that_their_clients_have_closed() {
        const CLIENTS: usize = 50;
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let stalled = |limit: &str| {
            let program = Program::start(server.local_addr().unwrap(), &["--stall-after", limit]);
            let before = program.descriptors();
            let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(program.port)).collect();
            for (number, mut client) in clients.iter().enumerate() {
                client.write_all(b"What is your name?").unwrap();
                if number % 2 == 0 {
                    client.shutdown(Shutdown::Write).unwrap();
                }
            }
            eventually("all of them are relayed", || program.descriptors() >= before + CLIENTS);
            (program, before)
        };
        for (program, before) in ["0", "5"].map(stalled) {
            let all_ended = || (program.descriptors() <= before).then_some(());
            wait::until_within(END_DEADLINE, "the end of all connections", all_ended);
        }
    }
}

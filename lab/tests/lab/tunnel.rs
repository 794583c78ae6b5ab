//! The tunnel: delays, faults, and the program.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::{BACKLOG, Listeners};
use launcelot_lab::tunnel::{Tunnel, TunnelSettings};
use launcelot_measure::LinkSettings;
use launcelot_server::Design;
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use socket2::{Domain, Socket, Type};

use crate::support::attempts::{check, within_attempts};
use crate::support::fixtures::Server;
use crate::support::ports::ReservedPort;
use crate::support::process::Process;
use crate::support::{sockets, wait};

const MS: Duration = Duration::from_millis(1);
const QUESTION: &[u8] = b"What is your favorite color?";
const ANSWER: &[u8] = b"Blue.";

/// A link that only adds to the round-trip time.
fn round_trip(rtt: Duration) -> TunnelSettings {
    LinkSettings { rtt, ..LinkSettings::default() }.into()
}

fn tunnel_to(port: u16, settings: TunnelSettings) -> Tunnel {
    tunnel_to_one_of(vec![(Ipv4Addr::LOCALHOST, port).into()], settings)
}

fn tunnel_to_one_of(addresses: Vec<SocketAddr>, settings: TunnelSettings) -> Tunnel {
    let listeners = Listeners::bind("localhost", 0, BACKLOG).unwrap();
    Tunnel::start(listeners, addresses, settings, Duration::ZERO, None).unwrap()
}

fn connect(port: u16) -> TcpStream {
    let stream = sockets::connect(port);
    stream.set_nodelay(true).unwrap();
    stream
}

/// Asks once, and returns the time to the answer.
fn ask(stream: &mut TcpStream) -> Duration {
    let began = Instant::now();
    stream.write_all(QUESTION).unwrap();
    let mut answer = [0; ANSWER.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, ANSWER);
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn questions_sent_ahead_take_one_round_trip_together() {
    let server = Server::start(Design::Async);
    let rtt = 100 * MS;
    let tunnel = tunnel_to(server.port, round_trip(rtt));
    let mut client = connect(tunnel.port);
    within_attempts(5, || {
        let began = Instant::now();
        let mut answers = vec![0; 50 * ANSWER.len()];
        for _ in 0..50 {
            client.write_all(QUESTION).unwrap();
        }
        client.read_exact(&mut answers).unwrap();
        let elapsed = began.elapsed();
        assert_eq!(answers, ANSWER.repeat(50));
        assert!(elapsed >= rtt, "{elapsed:?}");
        check(elapsed < 10 * rtt, || format!("{elapsed:?} for 50 questions"))
    });
}

#[test]
fn settings_change_while_connections_are_open() {
    let server = Server::start(Design::Async);
    let tunnel = tunnel_to(server.port, TunnelSettings::default());
    let mut client = connect(tunnel.port);
    ask(&mut client);
    let settings = round_trip(150 * MS);
    tunnel.set(settings);
    assert_eq!(tunnel.settings(), settings);
    assert!(ask(&mut client) >= settings.link.rtt);
    tunnel.set(TunnelSettings { stall_after: Some(0), ..TunnelSettings::default() });
    client.write_all(QUESTION).unwrap();
    client.set_read_timeout(Some(200 * MS)).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    tunnel.set(TunnelSettings::default());
    client.set_read_timeout(Some(wait::DEADLINE)).unwrap();
    client.read_exact(&mut [0; ANSWER.len()]).unwrap();
}

/// Starts a server that sends back every byte, and closes its side when the client has. Returns its port.
fn echo() -> u16 {
    let address = sockets::serve_each(|mut stream| {
        let _ = std::io::copy(&mut stream.try_clone().unwrap(), &mut stream);
        let _ = stream.shutdown(Shutdown::Write);
    });
    address.port()
}

#[test]
fn more_bytes_than_the_queue_holds_arrive_in_order_and_before_the_close() {
    let settings = TunnelSettings {
        link: LinkSettings { rtt: 2 * MS, jitter: MS, bandwidth: None },
        slice: NonZeroUsize::new(5000),
        ..TunnelSettings::default()
    };
    let tunnel = tunnel_to(echo(), settings);
    let mut client = connect(tunnel.port);
    let sent: Vec<u8> = (0..10_000_000u32).map(|number| (number / 7) as u8).collect();
    let mut writer = client.try_clone().unwrap();
    let expected = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    wait::join(writing, "the writer");
    assert!(received == expected, "{} bytes of {}", received.len(), expected.len());
}

#[test]
fn a_client_that_does_not_read_causes_backpressure() {
    let tunnel = tunnel_to(echo(), round_trip(MS));
    let mut client = connect(tunnel.port);
    client.set_write_timeout(Some(500 * MS)).unwrap();
    let mut written = 0;
    while let Ok(count) = client.write(&[0; 65536]) {
        written += count;
    }
    // The bytes are in two queues of 4 MiB, and in the send and receive buffers of four sockets.
    assert!(written < 64 * 1024 * 1024, "{written} bytes");
}

#[test]
fn a_faulty_link_resets_stalls_or_closes_late() {
    let port = echo();
    let mut reset =
        connect(tunnel_to_leaked(port, TunnelSettings { reset_after: Some(8), ..TunnelSettings::default() }));
    reset.write_all(b"12345").unwrap();
    let mut received = Vec::new();
    assert_eq!(reset.read_to_end(&mut received).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(b"123".starts_with(&received[..]), "{received:?}");

    let mut stalled =
        connect(tunnel_to_leaked(port, TunnelSettings { stall_after: Some(8), ..TunnelSettings::default() }));
    stalled.write_all(b"12345").unwrap();
    stalled.read_exact(&mut [0; 3]).unwrap();
    stalled.set_read_timeout(Some(200 * MS)).unwrap();
    assert_eq!(stalled.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);

    let slow_close = 300 * MS;
    let mut slow = connect(tunnel_to_leaked(port, TunnelSettings { slow_close, ..TunnelSettings::default() }));
    slow.write_all(b"x").unwrap();
    slow.read_exact(&mut [0]).unwrap();
    let began = Instant::now();
    slow.shutdown(Shutdown::Write).unwrap();
    assert_eq!(slow.read(&mut [0]).unwrap(), 0);
    // The client's close is delayed, and after it the server's.
    assert!(began.elapsed() >= 2 * slow_close);
}

/// Starts a tunnel that runs until the test program ends. Returns its port.
fn tunnel_to_leaked(port: u16, settings: TunnelSettings) -> u16 {
    let tunnel = tunnel_to(port, settings);
    let port = tunnel.port;
    std::mem::forget(tunnel);
    port
}

#[test]
fn a_client_of_a_refused_connection_is_reset_after_a_round_trip() {
    let port = ReservedPort::new();
    let rtt = 200 * MS;
    let tunnel = tunnel_to(port.number, round_trip(rtt));
    // Before connecting: on a busy machine, a part of the round trip may pass before the read.
    let began = Instant::now();
    let mut client = connect(tunnel.port);
    let read = client.read(&mut [0]);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(began.elapsed() >= rtt * 9 / 10, "{:?}", began.elapsed());
}

#[test]
fn the_next_address_is_tried_while_one_does_not_answer() {
    // The backlog is full, so the kernel drops further handshakes.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    full.listen(0).unwrap();
    let full_address = full.local_addr().unwrap().as_socket().unwrap();
    let connect_to_full = || TcpStream::connect_timeout(&full_address, 300 * MS);
    let waiting: Vec<_> = (0..4).map(|_| connect_to_full()).collect();
    assert!(waiting.iter().any(Result::is_err), "the backlog is not full");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let tunnel = tunnel_to_one_of(vec![full_address, server.local_addr().unwrap()], TunnelSettings::default());
    let began = Instant::now();
    let mut client = connect(tunnel.port);
    client.write_all(b"ni").unwrap();
    let mut accepted = sockets::accept(&server);
    let mut received = [0; 2];
    accepted.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"ni");
    // The tunnel's attempt at the first address would time out after ten seconds.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn the_program_prints_its_port_and_reads_settings_from_standard_input() {
    let server = Server::start(Design::Async);
    let to = format!("localhost:{}", server.port);
    let mut command = Command::new(env!("CARGO_BIN_EXE_launcelot-lab"));
    command.args(["tunnel", "--listen", "localhost:0", "--to", &to, "--rtt", "1ms"]);
    let mut process = Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let output = process.stdout();
    let errors = process.stderr();
    let mut client = connect(port_in(&output.next()));
    assert!(ask(&mut client) >= MS);
    let mut input = process.child.stdin.take().unwrap();
    input.write_all(b"\xff\xfe\n--rtt 18446744073709551615s\n").unwrap();
    writeln!(input, "--rtt soon\n\n--rtt 100ms --slice 3").unwrap();
    for expected in ["\u{fffd}", "18446744073709551615s", "'soon'"] {
        let line = errors.next();
        assert!(line.starts_with("launcelot-lab: ") && line.contains(expected) && !line.contains("error:"), "{line}");
    }
    let link = "over an emulated link: --rtt 1ms --jitter 0s";
    assert_eq!(output.next(), format!("Relaying to 'localhost' port {} {link}", server.port));
    assert_eq!(output.next(), "Link settings: --rtt 100ms --jitter 0s --slice 3");
    until_it_takes_100_ms(&mut client);
    process.signal(Signal::TERM);
    drop(client);
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn a_shell_job_relays_in_the_background_and_reads_settings_in_the_foreground() {
    let server = Server::start(Design::Async);
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let side = ioctl_tiocgptpeer(&terminal, flags).unwrap();
    let script = format!("set -m; \"$0\" tunnel --listen localhost:0 --to localhost:{} & read word; fg", server.port);
    let mut command = Command::new("setsid");
    command.args(["--ctty", "sh", "-c", &script, env!("CARGO_BIN_EXE_launcelot-lab")]);
    let mut shell = Process::start(command.stdin(side).stdout(Stdio::piped()));
    let mut client = connect(port_in(&shell.stdout().next()));
    // This is long enough for the terminal to stop a background job that reads it.
    let began = Instant::now();
    while began.elapsed() < 300 * MS {
        ask(&mut client);
    }
    let mut terminal = File::from(terminal);
    terminal.write_all(b"go\n--rtt 100ms\n").unwrap();
    until_it_takes_100_ms(&mut client);
    drop(client);
    // Control-C.
    terminal.write_all(b"\x03").unwrap();
    assert_eq!(shell.wait().code(), Some(0));
}

/// Returns the port in the program's ready line.
fn port_in(ready: &str) -> u16 {
    ready.strip_prefix("Ready and listening at 'localhost' port ").unwrap().parse().unwrap()
}

/// Waits until a round trip of 100 ms has taken effect.
fn until_it_takes_100_ms(client: &mut TcpStream) {
    wait::until("the new round trip", || (ask(client) >= 100 * MS).then_some(()));
}

mod long_alone {
    use super::*;

    #[test]
    fn the_median_round_trip_is_within_50_microseconds_of_the_setting() {
        let server = Server::start(Design::Simple);
        for rtt in [Duration::from_micros(200), Duration::from_micros(1300), 10 * MS] {
            let measure = |rtt| {
                let tunnel = tunnel_to(server.port, round_trip(rtt));
                let mut client = connect(tunnel.port);
                median((0..101).map(|_| ask(&mut client)).collect())
            };
            // On a busy machine most attempts fail.
            within_attempts(100, || {
                let shortest = measure(Duration::ZERO);
                let measured = measure(rtt);
                eprintln!("{rtt:?}: {measured:?}, and {shortest:?} without any");
                let error = measured.saturating_sub(shortest).abs_diff(rtt);
                check(error <= Duration::from_micros(50), || format!("{rtt:?}: {measured:?}, without {shortest:?}"))
            });
        }
    }
}

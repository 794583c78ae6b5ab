//! Sockets of a test. Every read, write and accept has a deadline.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Socket, Type};

use crate::wait::DEADLINE;

/// An address that never answers: the backlog of its listener is full, and Linux leaves further attempts to connect
/// unanswered.
#[derive(Debug)]
pub struct SilentAddress {
    /// The address.
    pub address: SocketAddr,
    _listener: Socket,
    _backlog: Vec<TcpStream>,
}

#[allow(clippy::new_without_default, reason = "a default that fails would surprise")]
impl SilentAddress {
    /// How long an attempt to connect must be unanswered before the backlog counts as full.
    const UNANSWERED: Duration = Duration::from_millis(200);

    /// Listens on a port of 127.0.0.1 and fills the backlog.
    #[track_caller]
    pub fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().expect("an IPv4 address");
        let mut backlog = Vec::new();
        // Two in a row: on a busy machine, an attempt that succeeds may come too late for its timeout.
        let mut unanswered = 0;
        while unanswered < 2 {
            match TcpStream::connect_timeout(&address, Self::UNANSWERED) {
                Ok(stream) => {
                    backlog.push(stream);
                    unanswered = 0;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => unanswered += 1,
                Err(error) => panic!("cannot fill the backlog of {address}: {error}"),
            }
        }
        Self { address, _listener: listener, _backlog: backlog }
    }
}

/// Connects to a port of 127.0.0.1.
#[track_caller]
pub fn connect(port: u16) -> TcpStream {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let stream = TcpStream::connect_timeout(&address, DEADLINE);
    let stream = stream.unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
    stream.set_nodelay(true).unwrap();
    with_deadline(stream)
}

/// Accepts the next connection.
#[track_caller]
pub fn accept(listener: &TcpListener) -> TcpStream {
    let timeout = Timespec::try_from(DEADLINE).expect("a minute is a valid timeout");
    let ready = poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&timeout)).unwrap();
    assert_eq!(ready, 1, "timed out after {DEADLINE:?} while waiting for a connection");
    with_deadline(listener.accept().unwrap().0)
}

/// Sets `DEADLINE` as the timeout of every read and write of a stream.
pub fn with_deadline(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Starts a server that serves one client on a thread, and returns the address at which the server listens.
pub fn serve_once(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(accept(&listener)));
    address
}

/// Starts a server that serves every client on a thread of its own, and returns the address at which the server
/// listens.
pub fn serve_each(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(client.unwrap()));
        }
    });
    address
}

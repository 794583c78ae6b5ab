//! Sockets of a test. Every read, write and accept has a deadline.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::wait::DEADLINE;

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

/// Sets a deadline for every read and write of a stream.
pub fn with_deadline(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Starts a thread that accepts and serves one client, and returns its address.
pub fn serve_once(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(accept(&listener)));
    address
}

/// Starts a server that serves every client on a thread of its own, and returns its address.
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

//! The socket of one side of a relayed connection.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

/// A socket in non-blocking mode, and how far each of its directions is.
#[derive(Debug)]
pub(super) struct PeerSocket {
    pub(super) stream: TcpStream,
    /// Whether the end of the stream, or an error, has been read.
    pub(super) read_closed: bool,
    /// Whether the writing side has been shut down, after everything was written.
    pub(super) write_closed: bool,
    /// Whether the last write would have blocked, since the send buffer is full.
    pub(super) is_full: bool,
}

impl PeerSocket {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read_closed: false, write_closed: false, is_full: false })
    }

    /// Begins to connect to an address.
    pub(super) fn start_connecting(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        Self::new(socket.into())
    }

    /// Returns whether connecting has succeeded yet, or why it has failed.
    pub(super) fn is_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }
}

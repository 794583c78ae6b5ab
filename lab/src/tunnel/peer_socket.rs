//! The socket of one side of a relayed connection.

use std::io;
use std::net::TcpStream;

/// A connected socket in non-blocking mode, and how far each of its directions is.
#[derive(Debug)]
pub(super) struct PeerSocket {
    pub(super) stream: TcpStream,
    /// True once the end of the stream, or an error, has been read.
    pub(super) read_closed: bool,
    /// True once the writing side has been shut down, after everything was written.
    pub(super) write_closed: bool,
    /// True if the last write would have blocked, since the send buffer is full.
    pub(super) is_full: bool,
}

impl PeerSocket {
    /// Makes a connected socket non-blocking, and disables Nagle's algorithm, so that only the delay queue delays
    /// bytes.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read_closed: false, write_closed: false, is_full: false })
    }
}

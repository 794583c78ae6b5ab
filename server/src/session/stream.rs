//! The byte stream of a session: a socket, or standard input and output.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};

/// A byte stream to and from a client. Neither reads nor writes ever block.
pub(crate) trait Stream: Read + Write {
    /// Closes the writing side, if the stream has one to close. An error is not reported: it means that the client has
    /// disconnected, and the next read reports that.
    fn end_output(&mut self);
}

/// A stream whose descriptors can be passed to `poll(2)`.
pub(crate) trait Pollable: Stream {
    /// The descriptor that becomes readable.
    fn input(&self) -> BorrowedFd<'_>;
    /// The descriptor that becomes writable.
    fn output(&self) -> BorrowedFd<'_>;
}

impl Stream for TcpStream {
    fn end_output(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Pollable for TcpStream {
    fn input(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }

    fn output(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

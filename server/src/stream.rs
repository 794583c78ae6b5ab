//! A connection as its session sees it, and as a thread that waits for it does.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd as _, BorrowedFd};

/// What a client is heard and answered through. Neither reading nor writing ever blocks.
pub(crate) trait Stream: Read + Write {
    /// Says that nothing more will be written, where the stream can say so. It fails only if the
    /// client has gone, which the next read will tell.
    fn end_output(&mut self);
}

/// A stream that `poll(2)` can wait for.
pub(crate) trait Pollable: Stream {
    /// What becomes readable.
    fn input(&self) -> BorrowedFd<'_>;
    /// What becomes writable.
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

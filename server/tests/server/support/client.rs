//! A client whose reads and writes fail at a deadline instead of waiting without end.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::{DEADLINE, SILENCE};

/// A client whose reads and writes have a deadline.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn connect(port: u16) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads as many bytes as `expected` has and compares them.
    #[track_caller]
    pub(crate) fn expect_answer(&mut self, expected: &str) {
        let mut answer = vec![0; expected.len()];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), expected);
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str, answer: &str) {
        self.send(question);
        self.expect_answer(answer);
    }

    /// Reads once. Reads with a timeout can be interrupted by signals, so it retries then.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Waits for an answer or the end of the connection, and returns whether there is an answer. Does not read it.
    pub(crate) fn is_answered(&self) -> bool {
        loop {
            match self.0.peek(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                peeked => return peeked.is_ok_and(|count| count > 0),
            }
        }
    }

    /// Checks that nothing is received for a while.
    #[track_caller]
    pub(crate) fn expect_silence(&mut self) {
        self.0.set_read_timeout(Some(SILENCE)).unwrap();
        let error = self.read(&mut [0]).expect_err("nothing should be received");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    /// Reads until the server closes the connection.
    #[track_caller]
    pub(crate) fn read_to_end(&mut self) -> String {
        let mut received = String::new();
        self.0.read_to_string(&mut received).unwrap();
        received
    }

    /// Waits until the server closes or resets the connection. Panics if there is more to read.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self) {
        match self.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("the connection is not closed: {other:?}"),
        }
    }

    pub(crate) fn half_close(&mut self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Resets the connection instead of closing it.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

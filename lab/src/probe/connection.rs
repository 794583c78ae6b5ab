//! A connection to the probed server. Every wait on it has a timeout.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use launcelot_endpoint::connect::connect_blocking;
use launcelot_endpoint::failure::one_line;
use socket2::SockRef;

use super::transcript::SocketEvent;

/// The size of the read buffer.
const READ_BYTES: usize = 16 * 1024;

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    timeout: Duration,
}

impl Connection {
    /// Connects to the first of `addresses` that accepts. Each wait, now and later, lasts for at most `timeout`.
    ///
    /// # Errors
    ///
    /// The system's error, or [`ErrorKind::TimedOut`].
    pub(super) fn connect(addresses: impl IntoIterator<Item = SocketAddr>, timeout: Duration) -> io::Result<Self> {
        // The stream has Nagle's algorithm disabled, so that each write is a segment.
        let stream = connect_blocking(addresses, timeout)?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(Self { stream, timeout })
    }

    /// Returns the server's address.
    pub(super) fn peer_address(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }

    /// Sends bytes with one write. A failure is not reported: the next read shows what the server has done.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends `question` repeatedly until a write blocks for `timeout`, or until `max_bytes` were sent. Returns the number of
    /// bytes that were sent, and the reason for the end.
    pub(super) fn send_until_blocked(
        &mut self,
        question: &str,
        timeout: Duration,
        max_bytes: usize,
    ) -> (usize, SocketEvent) {
        // A whole number of questions, so that each write continues where the one before ended.
        let questions = question.repeat(READ_BYTES / question.len());
        if let Err(error) = self.stream.set_write_timeout(Some(timeout)) {
            return (0, error_event(&error));
        }
        let mut sent_bytes = 0;
        let event = loop {
            match self.stream.write(&questions.as_bytes()[sent_bytes % questions.len()..]) {
                Ok(count) => {
                    sent_bytes += count;
                    if sent_bytes >= max_bytes {
                        break SocketEvent::NoBackpressure(sent_bytes);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => break SocketEvent::Backpressure,
                Err(error) => break error_event(&error),
            }
        };
        // Setting a timeout has succeeded before.
        let _ = self.stream.set_write_timeout(Some(self.timeout));
        (sent_bytes, event)
    }

    /// Reads into `received` until it is as long as `expected` or differs from it. Returns the event that came instead
    /// of bytes, if one did. Each wait lasts for at most `timeout`.
    pub(super) fn receive(
        &mut self,
        expected: &[u8],
        received: &mut Vec<u8>,
        timeout: Duration,
    ) -> Option<SocketEvent> {
        while received.len() < expected.len() {
            let before = received.len();
            if let Err(event) = self.read_more(received, timeout) {
                return Some(event);
            }
            if expected.get(before..received.len()) != Some(&received[before..]) {
                break;
            }
        }
        None
    }

    /// Reads into `received` until `end` arrives, or until `received` has at least `max_bytes`. Returns the event that
    /// came instead of bytes, if one did.
    pub(super) fn receive_until(&mut self, end: char, max_bytes: usize, received: &mut Vec<u8>) -> Option<SocketEvent> {
        while received.len() < max_bytes {
            let before = received.len();
            if let Err(event) = self.read_more(received, self.timeout) {
                return Some(event);
            }
            if received[before..].iter().any(|byte| char::from(*byte) == end) {
                break;
            }
        }
        None
    }

    /// Reads once. Returns the event that came instead of bytes, which should be the end of the stream; `None` if bytes
    /// came.
    pub(super) fn receive_end(&mut self, received: &mut Vec<u8>) -> Option<SocketEvent> {
        self.read_more(received, self.timeout).err()
    }

    /// Shuts down the writing side. A failure shows in the next read.
    pub(super) fn half_close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sets SO_LINGER to 0, so that closing the socket resets the connection.
    pub(super) fn reset_on_close(&mut self) {
        // This fails only if the connection is closed already.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn read_more(&mut self, received: &mut Vec<u8>, timeout: Duration) -> Result<(), SocketEvent> {
        self.stream.set_read_timeout(Some(timeout)).map_err(|error| error_event(&error))?;
        let mut buffer = [0; READ_BYTES];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(SocketEvent::End),
                Ok(count) => {
                    received.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(SocketEvent::Timeout(timeout)),
                Err(error) => return Err(error_event(&error)),
            }
        }
    }
}

/// Returns the event for an error of a connection.
pub(super) fn error_event(error: &io::Error) -> SocketEvent {
    match error.kind() {
        ErrorKind::ConnectionReset => SocketEvent::Reset,
        _ => SocketEvent::Error(one_line(error)),
    }
}

/// Returns true for the error of a socket's timeout, which is `WouldBlock` or `TimedOut`, depending on the system.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

//! One client's connection to the server that is probed. Every wait on it has an end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use launcelot_endpoint::failure::one_line;
use socket2::SockRef;

use super::transcript::Then;

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    timeout: Duration,
}

impl Wire {
    /// Connects, and will wait for at most `timeout` each time.
    ///
    /// # Errors
    ///
    /// What the system says, or [`ErrorKind::TimedOut`].
    pub(super) fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        // What is said byte by byte must not be gathered into one segment (Nagle's algorithm).
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(Self { stream, timeout })
    }

    /// Writes all of `words` at once.
    ///
    /// That it cannot be written is no finding: what is heard next tells what the server has done.
    pub(super) fn say(&mut self, words: &[u8]) {
        let _ = self.stream.write_all(words);
    }

    /// Writes `question` again and again until nothing of it is taken for `patience`, or until
    /// `max_bytes` were taken. Returns how many bytes that was, and what ended it.
    pub(super) fn say_until_refused(&mut self, question: &str, patience: Duration, max_bytes: usize) -> (usize, Then) {
        // Many at a time, but a whole number, so that the next write begins where this one ended.
        let questions = question.repeat(READ_BYTES / question.len());
        if let Err(error) = self.stream.set_write_timeout(Some(patience)) {
            return (0, broken(&error));
        }
        let mut taken = 0;
        let then = loop {
            match self.stream.write(&questions.as_bytes()[taken % questions.len()..]) {
                Ok(count) => {
                    taken += count;
                    if taken >= max_bytes {
                        break Then::TookBytes(taken);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => break Then::Backpressure,
                Err(error) => break broken(&error),
            }
        };
        // It can fail only as above.
        let _ = self.stream.set_write_timeout(Some(self.timeout));
        (taken, then)
    }

    /// Reads into `heard` until it is as long as `expected`, or departs from it, or something else
    /// than bytes comes, which it returns. It waits for `patience` each time.
    pub(super) fn hear(&mut self, expected: &[u8], heard: &mut Vec<u8>, patience: Duration) -> Option<Then> {
        while heard.len() < expected.len() {
            let known = heard.len();
            if let Err(then) = self.read_more(heard, patience) {
                return Some(then);
            }
            if expected.get(known..heard.len()) != Some(&heard[known..]) {
                break;
            }
        }
        None
    }

    /// Reads once. Returns what came in place of bytes, which is to be the end of the stream.
    pub(super) fn hear_end(&mut self, heard: &mut Vec<u8>) -> Option<Then> {
        self.read_more(heard, self.timeout).err()
    }

    /// Closes the writing side. It fails only if the connection is broken, which is heard next.
    pub(super) fn half_close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// From now on, closing resets.
    pub(super) fn reset_on_close(&mut self) {
        // It fails only if the connection is gone already.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn read_more(&mut self, heard: &mut Vec<u8>, patience: Duration) -> Result<(), Then> {
        self.stream.set_read_timeout(Some(patience)).map_err(|error| broken(&error))?;
        let mut buffer = [0; READ_BYTES];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Then::EndOfStream),
                Ok(count) => {
                    heard.extend_from_slice(&buffer[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(Then::Silence(patience)),
                Err(error) => return Err(broken(&error)),
            }
        }
    }
}

/// What a broken connection is called.
pub(super) fn broken(error: &io::Error) -> Then {
    match error.kind() {
        ErrorKind::ConnectionReset => Then::Reset,
        _ => Then::Broken(one_line(error)),
    }
}

/// A timeout on a socket has two names (Linux says `WouldBlock`).
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

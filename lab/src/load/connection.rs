//! One connection that asks, and checks every byte that comes back.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use super::LoadError;
use super::words::Words;

/// How much of a wrong answer an error shows.
const SHOWN_BYTES: usize = 60;

/// A connection and how far it has come. It never blocks.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    asked: u64,
    answered: u64,
    sent_bytes: u64,
    heard_bytes: u64,
}

impl Connection {
    pub(super) fn to(peer: SocketAddr) -> Result<Self, LoadError> {
        let connect = || {
            let stream = TcpStream::connect(peer)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let stream = connect().map_err(|source| LoadError::Connect { to: peer, source })?;
        Ok(Self { stream, peer, asked: 0, answered: 0, sent_bytes: 0, heard_bytes: 0 })
    }

    /// How many questions have been answered since the beginning.
    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    /// Whether nothing that was asked waits for its answer.
    pub(super) fn is_idle(&self) -> bool {
        self.answered == self.asked
    }

    /// Asks the next `count` questions, with one write if the socket takes it. What it does not take
    /// is left for [`Self::send`].
    pub(super) fn ask(&mut self, count: u64, words: &Words) -> Result<(), LoadError> {
        self.asked += count;
        self.send(words)
    }

    /// Whether a part of what was asked has not been sent.
    pub(super) fn has_unsent(&self, words: &Words) -> bool {
        self.sent_bytes < words.questions.begin_of(self.asked)
    }

    /// Sends what was asked, as far as the socket takes it.
    pub(super) fn send(&mut self, words: &Words) -> Result<(), LoadError> {
        let end = words.questions.begin_of(self.asked);
        while self.sent_bytes < end {
            match self.stream.write(words.questions.between(self.sent_bytes, end)) {
                Ok(count) => self.sent_bytes += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(self.broken(source)),
            }
        }
        Ok(())
    }

    /// Reads once, and returns how many more questions are answered now.
    pub(super) fn hear(&mut self, words: &Words, buffer: &mut [u8]) -> Result<u64, LoadError> {
        let heard = match self.stream.read(buffer) {
            Ok(0) => return Err(LoadError::Closed { by: self.peer, answered: self.answered }),
            Ok(count) => &buffer[..count],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(0),
            Err(source) => return Err(self.broken(source)),
        };
        let after = self.heard_bytes + heard.len() as u64;
        let all = words.answers.begin_of(self.asked);
        if words.answers.between(self.heard_bytes, all.min(after)) != heard {
            return Err(self.wrong(words, heard));
        }
        self.heard_bytes = after;
        let before = std::mem::replace(&mut self.answered, words.answers.ended_at(after));
        Ok(self.answered - before)
    }

    fn broken(&self, source: io::Error) -> LoadError {
        LoadError::Broken { to: self.peer, source }
    }

    fn wrong(&self, words: &Words, heard: &[u8]) -> LoadError {
        let all = words.answers.begin_of(self.asked);
        let expected = words.answers.between(self.heard_bytes, all);
        let equal = heard.iter().zip(expected).take_while(|(heard, expected)| heard == expected).count();
        // From the beginning of the answer that is wrong, if this read has it.
        let begin = words.answers.begin_of(words.answers.ended_at(self.heard_bytes + equal as u64));
        let from = begin.saturating_sub(self.heard_bytes) as usize;
        let shown = |text: &[u8]| {
            let text = &text[from.min(text.len())..];
            String::from_utf8_lossy(&text[..text.len().min(SHOWN_BYTES)]).into_owned()
        };
        LoadError::Wrong { by: self.peer, heard: shown(heard), expected: shown(expected) }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

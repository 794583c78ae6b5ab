//! The connection of one client.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd as _;

use nix::sys::epoll::EpollFlags;

use super::dialogue::Dialogue;
use super::dialogue::Rules;
use crate::tunnel::poller::Poller;

/// A connection, and what its client waits for.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    token: u64,
    interest: EpollFlags,
}

/// What was read from a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// Nothing is there yet.
    Nothing,
    /// This many bytes.
    Bytes(usize),
    /// The server has closed the connection.
    Closed,
}

impl Connection {
    /// Registers a socket that is connecting.
    pub(super) fn register(stream: TcpStream, token: u64, poller: &Poller) -> io::Result<Self> {
        let interest = EpollFlags::EPOLLOUT;
        poller.add(stream.as_fd(), token, interest)?;
        Ok(Self { stream, token, interest })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads into `buffer`.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            match (&self.stream).read(buffer) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends the questions that were asked, as far as the socket takes them.
    pub(super) fn send(&self, dialogue: &mut Dialogue, rules: &Rules) -> io::Result<()> {
        loop {
            let unsent = dialogue.unsent(rules);
            if unsent.is_empty() {
                return Ok(());
            }
            match (&self.stream).write(unsent) {
                Ok(count) => dialogue.sent(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for answers, and for room in the socket if something is unsent.
    pub(super) fn set_interest(&mut self, has_unsent: bool, poller: &Poller) -> io::Result<()> {
        let mut interest = EpollFlags::EPOLLIN;
        if has_unsent {
            interest |= EpollFlags::EPOLLOUT;
        }
        if interest != self.interest {
            poller.modify(self.stream.as_fd(), self.token, interest)?;
            self.interest = interest;
        }
        Ok(())
    }
}

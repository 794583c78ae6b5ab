//! The connection of one client: TCP, or a WebSocket over it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use launcelot_measure::load::DialogueFailure;
use nix::sys::epoll::EpollFlags;
use tungstenite::WebSocket;
use tungstenite::handshake::client::Request;

use super::connector::{self, connection_failure};
use super::dialogue::{Dialogue, Rules};
use super::recorder::{Failure, Recorder};
use super::web_socket::{self, Handshake, Progress};
use crate::tunnel::poller::Poller;

/// Maximum number of bytes in one read.
const READ_BYTES: usize = 64 * 1024;

/// A connection, and the events that its client waits for.
#[derive(Debug)]
pub(super) struct Connection {
    state: State,
    token: u64,
    /// When it began to connect.
    begin: Instant,
    interest: EpollFlags,
    /// Whether the library may hold messages that it has read from the socket already.
    may_hold_messages: bool,
}

#[derive(Debug)]
enum State {
    Tcp(TcpStream),
    Handshake(Box<Handshake>),
    WebSocket(Box<WebSocket<TcpStream>>),
    /// The connection has failed.
    Closed,
}

/// What was read from a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// Nothing is there yet.
    Nothing,
    Bytes(&'a [u8]),
    /// The server has closed the connection.
    Closed,
}

impl Connection {
    /// Registers a socket that has been connecting since `begin`.
    pub(super) fn register(stream: TcpStream, begin: Instant, token: u64, poller: &Poller) -> Result<Self, Failure> {
        let interest = EpollFlags::EPOLLOUT;
        poller.add(stream.as_fd(), token, interest).map_err(|error| not_registered(&error))?;
        Ok(Self { state: State::Tcp(stream), token, begin, interest, may_hold_messages: false })
    }

    /// Goes on with connecting when the socket is ready, at `time`; with a `request`, opens a WebSocket. Returns whether the
    /// connection is open.
    pub(super) fn proceed(
        &mut self,
        request: Option<&Request>,
        time: Instant,
        poller: &Poller,
        recorder: &mut Recorder,
    ) -> Result<bool, Failure> {
        let progress = match (std::mem::replace(&mut self.state, State::Closed), request) {
            (State::Tcp(stream), request) => {
                let is_connected = connector::is_connected(&stream)?;
                if is_connected {
                    recorder.connected(self.begin, time);
                }
                match request {
                    Some(request) if is_connected => web_socket::start(stream, request)?,
                    _ => {
                        self.state = State::Tcp(stream);
                        return Ok(is_connected);
                    }
                }
            }
            (State::Handshake(handshake), _) => web_socket::proceed(*handshake)?,
            (open, _) => {
                self.state = open;
                return Ok(true);
            }
        };
        match progress {
            Progress::Waiting(handshake) => {
                self.state = State::Handshake(Box::new(handshake));
                self.set_interest(EpollFlags::EPOLLIN, poller)?;
                Ok(false)
            }
            Progress::Open(socket) => {
                self.state = State::WebSocket(socket);
                self.may_hold_messages = true;
                Ok(true)
            }
        }
    }

    /// Whether something has to be received although the socket may not become ready.
    pub(super) fn may_hold_messages(&self) -> bool {
        self.may_hold_messages
    }

    /// Reads into `buffer`.
    pub(super) fn receive<'a>(&mut self, buffer: &'a mut Vec<u8>) -> Result<Received<'a>, Failure> {
        match &mut self.state {
            State::Tcp(stream) => {
                buffer.resize(READ_BYTES, 0);
                receive_tcp(stream, buffer)
            }
            State::WebSocket(socket) => {
                let received = web_socket::receive(socket, buffer)?;
                self.may_hold_messages = matches!(received, Received::Bytes(_));
                Ok(received)
            }
            State::Handshake(_) | State::Closed => Ok(Received::Nothing),
        }
    }

    /// Whether what was sent last has not been taken by the socket.
    pub(super) fn is_blocked(&self) -> bool {
        self.interest.contains(EpollFlags::EPOLLOUT)
    }

    /// Sends the questions that were asked, as far as the socket takes them.
    pub(super) fn send(&mut self, dialogue: &mut Dialogue, rules: &Rules, poller: &Poller) -> Result<(), Failure> {
        let is_blocked = match &mut self.state {
            State::Tcp(stream) => send_tcp(stream, dialogue, rules).map_err(|error| connection_failure(&error))?,
            State::WebSocket(socket) => send_web_socket(socket, dialogue, rules)?,
            State::Handshake(_) | State::Closed => return Ok(()),
        };
        let mut interest = EpollFlags::EPOLLIN;
        if is_blocked {
            interest |= EpollFlags::EPOLLOUT;
        }
        self.set_interest(interest, poller)
    }

    fn set_interest(&mut self, interest: EpollFlags, poller: &Poller) -> Result<(), Failure> {
        if interest != self.interest
            && let Some(descriptor) = self.descriptor()
        {
            poller.modify(descriptor, self.token, interest).map_err(|error| not_registered(&error))?;
            self.interest = interest;
        }
        Ok(())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Tcp(stream) => Some(stream.as_fd()),
            State::Handshake(handshake) => Some(handshake.get_ref().get_ref().as_fd()),
            State::WebSocket(socket) => Some(socket.get_ref().as_fd()),
            State::Closed => None,
        }
    }
}

fn receive_tcp<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> Result<Received<'a>, Failure> {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(Received::Closed),
            Ok(count) => return Ok(Received::Bytes(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(connection_failure(&error)),
        }
    }
}

/// Returns whether something is left.
fn send_tcp(stream: &mut TcpStream, dialogue: &mut Dialogue, rules: &Rules) -> io::Result<bool> {
    loop {
        let unsent = dialogue.unsent(rules);
        if unsent.is_empty() {
            return Ok(false);
        }
        match stream.write(unsent) {
            Ok(count) => dialogue.sent(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns whether something is left.
fn send_web_socket(socket: &mut WebSocket<TcpStream>, dialogue: &mut Dialogue, rules: &Rules) -> Result<bool, Failure> {
    loop {
        let unsent = dialogue.unsent(rules);
        let bytes = unsent.len();
        if bytes > 0 {
            web_socket::queue(socket, unsent)?;
            dialogue.sent(bytes);
        }
        let is_blocked = web_socket::flush(socket)?;
        if is_blocked || dialogue.unsent(rules).is_empty() {
            return Ok(is_blocked);
        }
    }
}

fn not_registered(error: &io::Error) -> Failure {
    Failure::with_example(DialogueFailure::NoDescriptor, error)
}

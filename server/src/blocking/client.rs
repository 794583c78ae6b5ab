//! Serving one client in a thread.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::blocking::poll::{is_ready, wait};
use crate::error::ServeError;
use crate::session::stream::Pollable;
use crate::session::{Awaits, Scratch, Session, Turn};
use crate::stop::Stop;

/// A connection and its session. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    pub(crate) session: Session,
}

/// Why [`Client::serve_client`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// The session has ended.
    UntilEnd,
    /// The stop was requested. The session has the grace period to finish.
    UntilStop,
}

impl<S: Pollable> Client<S> {
    /// Serves the client until its session ends or the stop is requested.
    pub(crate) fn serve_client(&mut self, stop: &Stop, scratch: &mut Scratch) -> Result<Served, ServeError> {
        loop {
            let stop_fd = PollFd::new(stop, PollFlags::IN);
            // During simulated work, only the stop and the deadline end the wait.
            let client_fd = self.poll_fd().unwrap_or_else(|| stop_fd.clone());
            let mut fds = [stop_fd, client_fd];
            wait(&mut fds, self.session.deadline()).map_err(ServeError::Wait)?;
            if is_ready(&fds[0]) {
                return Ok(Served::UntilStop);
            }
            if self.take_turn(scratch) == Turn::Over {
                return Ok(Served::UntilEnd);
            }
        }
    }

    /// Serves the client until its session ends, but no longer than `grace`.
    pub(crate) fn serve_for(mut self, grace: Duration, scratch: &mut Scratch) -> Result<(), ServeError> {
        let end_of_grace = Instant::now().checked_add(grace);
        while end_of_grace.is_none_or(|end| Instant::now() < end) {
            let deadline = [self.session.deadline(), end_of_grace].into_iter().flatten().min();
            wait(self.poll_fd().as_mut_slice(), deadline).map_err(ServeError::Wait)?;
            if self.take_turn(scratch) == Turn::Over {
                break;
            }
        }
        Ok(())
    }

    /// Returns the descriptor and the event that the session waits for; `None` during simulated work.
    pub(crate) fn poll_fd(&self) -> Option<PollFd<'_>> {
        match self.session.awaits() {
            Awaits::Input => Some(PollFd::from_borrowed_fd(self.stream.input(), PollFlags::IN)),
            Awaits::Output => Some(PollFd::from_borrowed_fd(self.stream.output(), PollFlags::OUT)),
            Awaits::Work => None,
        }
    }

    /// Gives the session a turn, after an event or at its deadline, and ends the session if it is overdue.
    pub(crate) fn take_turn(&mut self, scratch: &mut Scratch) -> Turn {
        match self.session.turn(&mut self.stream, scratch) {
            Turn::Over => Turn::Over,
            _ if self.session.end_if_overdue() => Turn::Over,
            turn => turn,
        }
    }
}

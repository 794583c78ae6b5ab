//! Waiting in a thread, by `poll(2)`: for a client to come, and for what one client does.
//!
//! The sockets themselves never block, so that no wait can outlast a stop or a deadline.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::ServeError;
use crate::accepting::AcceptErrors;
use crate::options::Options;
use crate::session::{Scratch, Session, Turn};
use crate::stop::Stop;

/// The listeners, in turn, so that clients at one address cannot keep out those at another. Clones
/// share them, and to drop the last is to close them.
#[derive(Debug, Clone)]
pub(crate) struct Door<'a> {
    listeners: Arc<Listeners>,
    options: &'a Options,
    errors: AcceptErrors,
    next: usize,
}

impl<'a> Door<'a> {
    pub(crate) fn new(listeners: Listeners, options: &'a Options) -> Self {
        Self { listeners: Arc::new(listeners), options, errors: AcceptErrors::default(), next: 0 }
    }

    /// Waits for the next client; `None` when the stop is requested.
    pub(crate) fn next_client(&mut self, stop: &Stop) -> Result<Option<Client>, ServeError> {
        let mut pause = None;
        loop {
            let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
            if pause.is_none() {
                fds.extend(self.listeners.sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)));
            }
            wait(&mut fds, pause.take()).map_err(ServeError::Wait)?;
            let is_ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            if is_ready[0] {
                return Ok(None);
            }
            match self.accept(&is_ready[1..]) {
                Ok(client) if client.is_some() => return Ok(client),
                Ok(_) => {}
                Err(error) => pause = self.errors.pause_after(error)?.map(|pause| Instant::now() + pause),
            }
        }
    }

    fn accept(&mut self, is_ready: &[bool]) -> io::Result<Option<Client>> {
        let count = is_ready.len();
        let Some(index) = (self.next..self.next + count).map(|index| index % count).find(|index| is_ready[*index])
        else {
            return Ok(None);
        };
        self.next = index + 1;
        let (stream, address) = self.listeners.sockets[index].accept()?;
        stream.set_nonblocking(true)?;
        let session = Session::begin(&stream, address, self.options);
        Ok(Some(Client { stream, session }))
    }
}

/// A client that has been accepted. To drop it is to hang up.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    session: Session,
}

/// Why a client is not attended any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attended {
    /// Its conversation is over.
    UntilEnd,
    /// The stop is requested, and it may have the grace to finish.
    UntilStop,
}

impl Client {
    /// Serves it until its end, or until the stop is requested.
    pub(crate) fn attend(&mut self, stop: &Stop, scratch: &mut Scratch) -> Result<Attended, ServeError> {
        loop {
            let mut fds = [self.awaited(), PollFd::new(stop, PollFlags::IN)];
            wait(&mut fds, self.session.deadline()).map_err(ServeError::Wait)?;
            let (is_ready, is_stopping) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
            if is_stopping {
                return Ok(Attended::UntilStop);
            }
            if self.is_over(is_ready, scratch) {
                return Ok(Attended::UntilEnd);
            }
        }
    }

    /// Serves it until its end, but no longer than `grace`.
    pub(crate) fn attend_for(mut self, grace: Duration, scratch: &mut Scratch) -> Result<(), ServeError> {
        let end_of_grace = Instant::now().checked_add(grace);
        while end_of_grace.is_none_or(|end| Instant::now() < end) {
            let mut fds = [self.awaited()];
            let deadline = [self.session.deadline(), end_of_grace].into_iter().flatten().min();
            wait(&mut fds, deadline).map_err(ServeError::Wait)?;
            let is_ready = !fds[0].revents().is_empty();
            if self.is_over(is_ready, scratch) {
                break;
            }
        }
        Ok(())
    }

    fn awaited(&self) -> PollFd<'_> {
        let event = if self.session.waits_to_write() { PollFlags::OUT } else { PollFlags::IN };
        PollFd::from_borrowed_fd(self.stream.as_fd(), event)
    }

    fn is_over(&mut self, is_ready: bool, scratch: &mut Scratch) -> bool {
        (is_ready && self.session.turn(&mut self.stream, scratch) == Turn::Over) || self.session.is_overdue()
    }
}

/// Waits for the stop, but not longer than `pause`, and says whether it is requested.
pub(crate) fn stops_within(stop: &Stop, pause: Duration) -> Result<bool, ServeError> {
    let mut fds = [PollFd::new(stop, PollFlags::IN)];
    wait(&mut fds, Some(Instant::now() + pause)).map_err(ServeError::Wait)?;
    Ok(!fds[0].revents().is_empty())
}

/// Waits for any of `fds`, until `deadline` at most, and says in each what happened to it.
fn wait(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            // Longer than the system can count is as good as for ever.
            Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
        });
        match poll(fds, timeout.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

//! Waiting in a thread, by `poll(2)`: for a client to come, and for what one client does.
//!
//! The sockets themselves never block, so that no wait can outlast a stop or a deadline.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::ServeError;
use crate::accepting::AcceptErrors;
use crate::service::{Service, answer_at_once};
use crate::session::{Awaits, Scratch, Session, Turn};
use crate::stop::Stop;
use crate::stream::Pollable;

/// The listeners, in turn, so that clients at one address cannot keep out those at another. Clones
/// share them, and to drop the last is to close them.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    listeners: Arc<Listeners>,
    service: Arc<Service>,
    errors: AcceptErrors,
    /// No attempt before then, for the system is short of something.
    pause: Option<Instant>,
    next: usize,
}

impl Door {
    pub(crate) fn new(listeners: Listeners, service: &Arc<Service>) -> Self {
        let service = Arc::clone(service);
        Self { listeners: Arc::new(listeners), service, errors: AcceptErrors::default(), pause: None, next: 0 }
    }

    /// Waits for the next client; `None` when the stop is requested.
    pub(crate) fn next_client(&mut self, stop: &Stop) -> Result<Option<Client>, ServeError> {
        loop {
            let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
            fds.extend(self.awaited());
            wait(&mut fds, self.pause_end()).map_err(ServeError::Wait)?;
            let is_ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            if is_ready[0] {
                return Ok(None);
            }
            if let Some(client) = self.let_in(&is_ready[1..])? {
                return Ok(Some(client));
            }
        }
    }

    /// What to wait for when somebody may be let in: the listeners, or nothing during a pause.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = PollFd<'_>> {
        let sockets = if self.pause_end().is_some() { &[] } else { &self.listeners.sockets[..] };
        sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN))
    }

    /// When the pause is over, if there is one.
    pub(crate) fn pause_end(&self) -> Option<Instant> {
        self.pause.filter(|end| Instant::now() < *end)
    }

    /// Lets in a client of one of the listeners that are ready, if one is still there.
    pub(crate) fn let_in(&mut self, is_ready: &[bool]) -> Result<Option<Client>, ServeError> {
        let count = is_ready.len();
        let Some(index) = (self.next..self.next + count).map(|index| index % count).find(|index| is_ready[*index])
        else {
            return Ok(None);
        };
        self.next = index + 1;
        match self.accept(index) {
            Ok(client) => Ok(Some(client)),
            Err(error) => {
                self.pause = self.errors.pause_after(error)?.map(|pause| Instant::now() + pause);
                Ok(None)
            }
        }
    }

    fn accept(&self, index: usize) -> io::Result<Client> {
        let (stream, address) = self.listeners.sockets[index].accept()?;
        let watcher = self.service.accepted(address, || stream.local_addr());
        stream.set_nonblocking(true)?;
        answer_at_once(&stream);
        let session = self.service.begin(address, watcher);
        Ok(Client { stream, session })
    }
}

/// A client that has been let in. To drop it is to hang up.
#[derive(Debug)]
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    pub(crate) session: Session,
}

/// Why a client is not attended any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attended {
    /// Its conversation is over.
    UntilEnd,
    /// The stop is requested, and it may have the grace to finish.
    UntilStop,
}

impl<S: Pollable> Client<S> {
    /// Serves it until its end, or until the stop is requested.
    pub(crate) fn attend(&mut self, stop: &Stop, scratch: &mut Scratch) -> Result<Attended, ServeError> {
        loop {
            let mut fds =
                [PollFd::new(stop, PollFlags::IN), self.awaited().unwrap_or(PollFd::new(stop, PollFlags::IN))];
            wait(&mut fds, self.session.deadline()).map_err(ServeError::Wait)?;
            if !fds[0].revents().is_empty() {
                return Ok(Attended::UntilStop);
            }
            if self.is_over(scratch) {
                return Ok(Attended::UntilEnd);
            }
        }
    }

    /// Serves it until its end, but no longer than `grace`.
    pub(crate) fn attend_for(mut self, grace: Duration, scratch: &mut Scratch) -> Result<(), ServeError> {
        let end_of_grace = Instant::now().checked_add(grace);
        while end_of_grace.is_none_or(|end| Instant::now() < end) {
            let deadline = [self.session.deadline(), end_of_grace].into_iter().flatten().min();
            wait(self.awaited().as_mut_slice(), deadline).map_err(ServeError::Wait)?;
            if self.is_over(scratch) {
                break;
            }
        }
        Ok(())
    }

    /// What its session waits for: nothing, while it thinks.
    pub(crate) fn awaited(&self) -> Option<PollFd<'_>> {
        match self.session.awaits() {
            Awaits::Input => Some(PollFd::from_borrowed_fd(self.stream.input(), PollFlags::IN)),
            Awaits::Output => Some(PollFd::from_borrowed_fd(self.stream.output(), PollFlags::OUT)),
            Awaits::Work => None,
        }
    }

    /// Gives it a turn, for which there is a reason: what it waits for, or its deadline.
    pub(crate) fn is_over(&mut self, scratch: &mut Scratch) -> bool {
        self.session.turn(&mut self.stream, scratch) == Turn::Over || self.session.is_overdue()
    }
}

/// Waits for the stop, but not longer than `pause`, and says whether it is requested.
pub(crate) fn stops_within(stop: &Stop, pause: Duration) -> Result<bool, ServeError> {
    let mut fds = [PollFd::new(stop, PollFlags::IN)];
    wait(&mut fds, Some(Instant::now() + pause)).map_err(ServeError::Wait)?;
    Ok(!fds[0].revents().is_empty())
}

/// Waits for any of `fds`, until `deadline` at most, and says in each what happened to it.
pub(crate) fn wait(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
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

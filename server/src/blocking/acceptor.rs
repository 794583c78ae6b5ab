//! Accepting connections in a thread.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use launcelot_endpoint::accept::{AcceptErrors, Retry};
use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags};

use crate::blocking::client::Client;
use crate::blocking::poll::{is_ready, wait};
use crate::error::ServeError;
use crate::session::Session;
use crate::session::service::{Service, disable_nagle};
use crate::stop::Stop;

/// Accepts from all listeners in turn, so that clients at one address cannot starve those at another. Clones share the
/// listeners, which close when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Acceptor {
    listeners: Arc<Listeners>,
    service: Arc<Service>,
    errors: AcceptErrors,
    /// The end of a pause that an error has imposed: the system is short of descriptors or memory.
    pause_end: Option<Instant>,
    /// The index of the listener to try first.
    next: usize,
}

impl Acceptor {
    pub(crate) fn new(listeners: Listeners, service: &Arc<Service>) -> Self {
        Self {
            listeners: Arc::new(listeners),
            service: Arc::clone(service),
            errors: AcceptErrors::default(),
            pause_end: None,
            next: 0,
        }
    }

    /// Waits for the next client. Returns `None` when the stop is requested.
    pub(crate) fn accept_next(&mut self, stop: &Stop) -> Result<Option<Client>, ServeError> {
        loop {
            let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
            let pause_end = self.pause_end(Instant::now());
            fds.extend(self.poll_fds(pause_end));
            wait(&mut fds, pause_end).map_err(ServeError::Wait)?;
            let ready: Vec<bool> = fds.iter().map(is_ready).collect();
            if ready[0] {
                return Ok(None);
            }
            if let Some(client) = self.accept(&ready[1..])? {
                return Ok(Some(client));
            }
        }
    }

    /// Returns the end of the current pause; `None` if there is no pause at `now`.
    pub(crate) fn pause_end(&self, now: Instant) -> Option<Instant> {
        self.pause_end.filter(|end| now < *end)
    }

    /// Returns the listeners, to wait for new connections; none if there is a pause. A wait for them must end at `pause_end`,
    /// because during a pause no listener ends it.
    pub(crate) fn poll_fds(&self, pause_end: Option<Instant>) -> impl Iterator<Item = PollFd<'_>> {
        let sockets = if pause_end.is_some() { &[] } else { &self.listeners.sockets[..] };
        sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN))
    }

    /// Accepts one client from a listener that is `ready`. Returns `None` if no listener is ready, if another thread or process
    /// has accepted the client, or if accepting failed and is to be tried again.
    pub(crate) fn accept(&mut self, ready: &[bool]) -> Result<Option<Client>, ServeError> {
        let Some(index) = self.next_ready(ready) else {
            return Ok(None);
        };
        self.next = index + 1;
        match self.accept_from(index) {
            Ok(client) => {
                self.errors.accepted();
                Ok(Some(client))
            }
            Err(error) => {
                let now = Instant::now();
                match self.errors.failed(&error, now) {
                    Retry::AtOnce => {}
                    Retry::After(pause) => self.pause_end = Some(now + pause),
                    Retry::Never => return Err(ServeError::Accept(error)),
                }
                Ok(None)
            }
        }
    }

    fn next_ready(&self, ready: &[bool]) -> Option<usize> {
        let count = ready.len();
        (self.next..self.next + count).map(|index| index % count).find(|index| ready[*index])
    }

    fn accept_from(&self, index: usize) -> io::Result<Client> {
        let (stream, address) = self.listeners.sockets[index].accept()?;
        let observer = self.service.accepted(address, || stream.local_addr());
        stream.set_nonblocking(true)?;
        disable_nagle(&stream);
        let session = Session::begin(address.into(), Arc::clone(&self.service), observer);
        Ok(Client { stream, session })
    }
}

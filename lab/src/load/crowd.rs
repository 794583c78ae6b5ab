//! Many connections to one server, and waiting for all of them at once.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::connection::Connection;
use super::words::{READ_BYTES, Words};
use super::{LoadError, PATIENCE};

/// When nobody new has been answered for so long, those who still wait are not served. A server that
/// is at it lets somebody in every few milliseconds, starting a process for each at that.
const NOBODY_NEW: Duration = Duration::from_millis(300);

/// How many connections one look finds ready at most.
const READY_AT_ONCE: usize = 512;

/// The connections.
pub(super) struct Crowd {
    peer: SocketAddr,
    connections: Vec<Connection>,
    words: Words,
    epoll: OwnedFd,
    ready: Vec<Event>,
    buffer: Vec<u8>,
}

impl Crowd {
    /// Connects all of them, and asks one question on each: it returns when all are answered, or when
    /// those who are not seem to be kept waiting. They stay connected, and may still be answered.
    pub(super) fn gather(peer: SocketAddr, clients: usize, largest_batch: usize) -> Result<Self, LoadError> {
        let refused = |errno: Errno| LoadError::Wait { clients, source: errno.into() };
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(refused)?;
        let mut connections = Vec::with_capacity(clients);
        for index in 0..clients {
            let connection = Connection::to(peer)?;
            epoll::add(&epoll, &connection, EventData::new_u64(index as u64), EventFlags::IN).map_err(refused)?;
            connections.push(connection);
        }
        let words = Words::with_batches_of(largest_batch);
        let ready = Vec::with_capacity(READY_AT_ONCE);
        let mut crowd = Self { peer, connections, words, epoll, ready, buffer: vec![0; READ_BYTES] };
        crowd.introduce()?;
        Ok(crowd)
    }

    fn introduce(&mut self) -> Result<(), LoadError> {
        for index in 0..self.clients() {
            self.ask(index, 1)?;
        }
        let mut served = 0;
        while served < self.clients() {
            let ready = self.wait(if served == 0 { PATIENCE } else { NOBODY_NEW })?;
            if ready == 0 {
                return if served == 0 { Err(self.stuck()) } else { Ok(()) };
            }
            for event in 0..ready {
                served += usize::try_from(self.hear(self.ready(event))?).unwrap_or_default();
            }
        }
        Ok(())
    }

    pub(super) fn clients(&self) -> usize {
        self.connections.len()
    }

    /// Those that have been answered at least once.
    pub(super) fn served(&self) -> impl Iterator<Item = usize> + '_ {
        let served = self.connections.iter().enumerate().filter(|(_, connection)| connection.answered() > 0);
        served.map(|(index, _)| index)
    }

    pub(super) fn is_idle(&self, index: usize) -> bool {
        self.connections[index].is_idle()
    }

    /// Asks the next `count` questions on one connection.
    pub(super) fn ask(&mut self, index: usize, count: u64) -> Result<(), LoadError> {
        let connection = &mut self.connections[index];
        connection.ask(count, &self.words)?;
        if connection.has_unsent(&self.words) {
            self.watch(index, EventFlags::IN | EventFlags::OUT)?;
        }
        Ok(())
    }

    /// Waits until connections are ready, and returns how many; none if the time is over first.
    /// Rounded up to milliseconds, as epoll has it.
    pub(super) fn wait(&mut self, timeout: Duration) -> Result<usize, LoadError> {
        // So long a timeout that it does not fit is none.
        let timeout = Timespec::try_from(timeout).ok();
        self.ready.clear();
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut self.ready), timeout.as_ref()) {
                Ok(count) => return Ok(count),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.refused(errno)),
            }
        }
    }

    /// The same until a moment, to the nanosecond as far as the system's timers go.
    pub(super) fn wait_until(&mut self, moment: Instant) -> Result<usize, LoadError> {
        let timeout = Timespec::try_from(moment.saturating_duration_since(Instant::now())).ok();
        match rustix::event::poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => Ok(0),
            Ok(_) => self.wait(Duration::ZERO),
            Err(errno) => Err(self.refused(errno)),
        }
    }

    /// The connection of one of the events that the last wait has found.
    pub(super) fn ready(&self, event: usize) -> usize {
        self.ready[event].data.u64() as usize
    }

    /// Reads from one connection, and returns how many more of its questions are answered now.
    pub(super) fn hear(&mut self, index: usize) -> Result<u64, LoadError> {
        let connection = &mut self.connections[index];
        if connection.has_unsent(&self.words) {
            connection.send(&self.words)?;
            if !connection.has_unsent(&self.words) {
                self.watch(index, EventFlags::IN)?;
            }
        }
        self.connections[index].hear(&self.words, &mut self.buffer)
    }

    pub(super) fn stuck(&self) -> LoadError {
        LoadError::Stuck { by: self.peer }
    }

    fn watch(&self, index: usize, flags: EventFlags) -> Result<(), LoadError> {
        epoll::modify(&self.epoll, &self.connections[index], EventData::new_u64(index as u64), flags)
            .map_err(|errno| self.refused(errno))
    }

    fn refused(&self, errno: Errno) -> LoadError {
        LoadError::Wait { clients: self.clients(), source: errno.into() }
    }
}

//! A fixed pool of processes that all accept from the same listeners; each serves one client at a time.
//!
//! Each worker is a simple server, as in the workers design, but in a process of its own: a fault in a worker, such as
//! memory corruption, affects only that worker's client. The first process serves no clients. It waits for workers that
//! die, reaps them and starts others in their place. Under load, when every worker has a client, all others wait in the
//! listener's backlog. When a worker dies, its client loses the connection; the other clients lose nothing.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags};

use crate::blocking::poll::{is_ready, wait};
use crate::error::ServeError;
use crate::session::service::Service;
use crate::stop::Stop;
use crate::worker::handle::{Worker, WorkerEvent};

/// The pause before another attempt to start a worker that failed to start.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The time beyond the grace period that workers have to exit by themselves.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let mut pool = Pool::start(listeners, service)?;
    loop {
        let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
        fds.extend(pool.poll_fds());
        wait(&mut fds, pool.next_retry()).map_err(ServeError::Wait)?;
        let ready: Vec<bool> = fds.iter().map(is_ready).collect();
        if ready[0] {
            return pool.stop();
        }
        pool.handle_events(&ready[1..])?;
        pool.retry_starts();
    }
}

struct Pool<'a> {
    listeners: Listeners,
    service: &'a Service,
    /// The index of a slot is its worker's number.
    slots: Vec<WorkerSlot>,
    /// Whether any worker has ever been ready. If none has, a failure to start ends the server: another attempt would fail the
    /// same way.
    has_been_ready: bool,
}

enum WorkerSlot {
    /// The worker has been started. It is ready once it accepts clients.
    Running { worker: Worker, is_ready: bool },
    /// The worker failed to start.
    Vacant { retry_at: Instant },
}

impl WorkerSlot {
    fn worker(&self) -> Option<&Worker> {
        match self {
            Self::Running { worker, .. } => Some(worker),
            Self::Vacant { .. } => None,
        }
    }
}

impl<'a> Pool<'a> {
    fn start(listeners: Listeners, service: &'a Service) -> Result<Self, ServeError> {
        let count = service.options.workers.min(service.options.max_connections).get() as usize;
        let first = Worker::start(0, &listeners, service).map_err(ServeError::Start)?;
        let mut pool = Self { listeners, service, slots: Vec::with_capacity(count), has_been_ready: false };
        pool.slots.push(WorkerSlot::Running { worker: first, is_ready: false });
        for number in 1..count {
            let slot = pool.start_worker(number);
            pool.slots.push(slot);
        }
        Ok(pool)
    }

    fn start_worker(&self, number: usize) -> WorkerSlot {
        match Worker::start(number, &self.listeners, self.service) {
            Ok(worker) => WorkerSlot::Running { worker, is_ready: false },
            Err(error) => self.leave_vacant(number, &one_line(&error)),
        }
    }

    fn leave_vacant(&self, number: usize, reason: &str) -> WorkerSlot {
        let was_vacant = matches!(self.slots.get(number), Some(WorkerSlot::Vacant { .. }));
        // Only the first failure is logged, because there are ten attempts a second.
        if !was_vacant {
            tracing::warn!(worker = number, "cannot start a worker, clients may have to wait: {reason}");
        }
        WorkerSlot::Vacant { retry_at: Instant::now() + RETRY_PAUSE }
    }

    /// Returns the sockets to all running workers, in the order of their slots.
    fn poll_fds(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.workers().map(|worker| PollFd::new(worker, PollFlags::IN))
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.slots.iter().filter_map(WorkerSlot::worker)
    }

    fn next_retry(&self) -> Option<Instant> {
        let retries = self.slots.iter().filter_map(|slot| match slot {
            WorkerSlot::Vacant { retry_at } => Some(*retry_at),
            WorkerSlot::Running { .. } => None,
        });
        retries.min()
    }

    /// Handles the events of running workers. `ready` has one entry for each of [`Self::poll_fds`]: whether it has an event.
    fn handle_events(&mut self, ready: &[bool]) -> Result<(), ServeError> {
        let mut ready = ready.iter();
        for number in 0..self.slots.len() {
            let WorkerSlot::Running { worker, is_ready } = &mut self.slots[number] else {
                continue;
            };
            if ready.next() != Some(&true) {
                continue;
            }
            let was_ready = *is_ready;
            match worker.next_event().map_err(ServeError::Wait)? {
                WorkerEvent::Ready => {
                    *is_ready = true;
                    self.has_been_ready = true;
                }
                WorkerEvent::Exited(status) if was_ready => {
                    self.reap(number, status);
                    self.slots[number] = self.start_worker(number);
                }
                WorkerEvent::Exited(status) => {
                    self.slots[number] = self.failed_to_start(number, status)?;
                }
            }
        }
        Ok(())
    }

    /// Returns a slot that stays vacant for [`RETRY_PAUSE`], or an error if no worker has ever been ready.
    fn failed_to_start(&self, number: usize, status: ExitStatus) -> Result<WorkerSlot, ServeError> {
        let reason = format!("the worker exited before it was ready ({status})");
        if self.has_been_ready {
            Ok(self.leave_vacant(number, &reason))
        } else {
            Err(ServeError::Start(io::Error::other(reason)))
        }
    }

    /// Counts the connections of a dead worker as closed and logs its exit status.
    fn reap(&self, number: usize, status: ExitStatus) {
        self.service.statistics.reap(number);
        if status.success() {
            tracing::info!(worker = number, "a worker exited, starting another");
        } else {
            tracing::warn!(worker = number, "a worker died ({status}), starting another");
        }
    }

    /// Starts workers in the vacant slots whose pause is over.
    fn retry_starts(&mut self) {
        let now = Instant::now();
        for number in 0..self.slots.len() {
            if matches!(self.slots[number], WorkerSlot::Vacant { retry_at } if retry_at <= now) {
                self.slots[number] = self.start_worker(number);
            }
        }
    }

    /// Lets every worker finish within the grace period and kills those that do not.
    fn stop(mut self) -> Result<(), ServeError> {
        self.workers().for_each(Worker::request_stop);
        drop(mem::take(&mut self.listeners.sockets));
        let grace = self.service.options.grace.saturating_add(EXIT_TIMEOUT);
        let end = Instant::now().checked_add(grace);
        while end.is_none_or(|end| Instant::now() < end) {
            let mut fds: Vec<PollFd<'_>> = self.poll_fds().collect();
            if fds.is_empty() {
                break;
            }
            wait(&mut fds, end).map_err(ServeError::Wait)?;
            let ready: Vec<bool> = fds.iter().map(is_ready).collect();
            self.remove_exited(&ready);
        }
        // Dropping the workers that are left kills them.
        Ok(())
    }

    fn remove_exited(&mut self, ready: &[bool]) {
        let mut ready = ready.iter();
        self.slots.retain_mut(|slot| match slot {
            WorkerSlot::Running { worker, .. } => {
                ready.next() != Some(&true) || matches!(worker.next_event(), Ok(WorkerEvent::Ready))
            }
            WorkerSlot::Vacant { .. } => false,
        });
    }
}

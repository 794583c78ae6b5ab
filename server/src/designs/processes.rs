//! As many clients at once as there are workers: a fixed pool of processes that share the listeners.
//!
//! Each worker is a simple server of its own at the same door, as in the workers design, but in a
//! process of its own: what one of them breaks, memory above all, breaks for its client alone. The
//! first process serves nobody; it waits for workers that die, and replaces each at once. Under load,
//! when every worker has its client, all others wait in the listener's backlog, and the death of a
//! worker costs whoever it served the connection, and the others nothing.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

use launcelot_endpoint::failure::one_line;
use launcelot_endpoint::listen::Listeners;
use rustix::event::{PollFd, PollFlags};

use crate::ServeError;
use crate::blocking::wait;
use crate::service::Service;
use crate::stop::Stop;
use crate::worker::{News, Worker};

/// How long to wait before a worker that could not start is started again.
const PAUSE: Duration = Duration::from_millis(100);

/// How much longer than the grace the workers may take to leave by themselves.
const LEAVING: Duration = Duration::from_secs(1);

pub(super) fn serve(listeners: Listeners, service: &Arc<Service>, stop: &Stop) -> Result<(), ServeError> {
    let mut pool = Pool::start(listeners, service)?;
    loop {
        let mut fds = vec![PollFd::new(stop, PollFlags::IN)];
        fds.extend(pool.awaited());
        wait(&mut fds, pool.next_start()).map_err(ServeError::Wait)?;
        let is_ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if is_ready[0] {
            return pool.stop();
        }
        pool.look_after(&is_ready[1..])?;
    }
}

struct Pool<'a> {
    listeners: Listeners,
    service: &'a Service,
    places: Vec<Place>,
    /// Whether any worker ever was ready. If none was, there is no hope that another will be.
    has_begun: bool,
}

/// The place of one worker.
enum Place {
    Taken(Worker, Standing),
    /// Its worker could not start, and the next attempt is then.
    Vacant(Instant),
}

/// How far a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Starting,
    AtWork,
}

impl<'a> Pool<'a> {
    fn start(listeners: Listeners, service: &'a Service) -> Result<Self, ServeError> {
        let count = service.options.workers.min(service.options.max_connections).get() as usize;
        let first = Worker::start(0, &listeners, service).map_err(ServeError::Start)?;
        let mut pool = Self { listeners, service, places: Vec::with_capacity(count), has_begun: false };
        pool.places.push(Place::Taken(first, Standing::Starting));
        for number in 1..count {
            let place = pool.fill(number);
            pool.places.push(place);
        }
        Ok(pool)
    }

    fn fill(&self, number: usize) -> Place {
        match Worker::start(number, &self.listeners, self.service) {
            Ok(worker) => Place::Taken(worker, Standing::Starting),
            Err(error) => self.leave_vacant(number, &one_line(&error)),
        }
    }

    fn leave_vacant(&self, number: usize, why: &str) -> Place {
        // Not at every attempt: the others are still at work, and there are ten attempts a second.
        if !matches!(self.places.get(number), Some(Place::Vacant(_))) {
            tracing::warn!(worker = number, "a worker cannot start, clients may have to wait: {why}");
        }
        Place::Vacant(Instant::now() + PAUSE)
    }

    fn awaited(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.workers().map(|worker| PollFd::new(worker, PollFlags::IN))
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.places.iter().filter_map(|place| match place {
            Place::Taken(worker, _) => Some(worker),
            Place::Vacant(_) => None,
        })
    }

    /// When the next vacant place is to be filled.
    fn next_start(&self) -> Option<Instant> {
        let starts = self.places.iter().filter_map(|place| match place {
            Place::Taken(..) => None,
            Place::Vacant(next) => Some(*next),
        });
        starts.min()
    }

    /// Hears what became of the workers who are ready to say it, and fills the places of the dead.
    fn look_after(&mut self, is_ready: &[bool]) -> Result<(), ServeError> {
        let mut is_ready = is_ready.iter();
        for number in 0..self.places.len() {
            let dead = match &mut self.places[number] {
                Place::Taken(worker, standing) => {
                    if is_ready.next() != Some(&true) {
                        continue;
                    }
                    match worker.news().map_err(ServeError::Wait)? {
                        News::Ready => {
                            *standing = Standing::AtWork;
                            self.has_begun = true;
                            continue;
                        }
                        News::Dead(status) => Some((*standing, status)),
                    }
                }
                Place::Vacant(next) if *next > Instant::now() => continue,
                Place::Vacant(_) => None,
            };
            self.places[number] = match dead {
                Some((Standing::Starting, status)) => self.mourn_early(number, status)?,
                Some((Standing::AtWork, status)) => {
                    self.service.statistics.bury(number);
                    if status.success() {
                        tracing::info!(worker = number, "a worker has left, and another takes its place");
                    } else {
                        tracing::warn!(worker = number, "a worker has died ({status}), and another takes its place");
                    }
                    self.fill(number)
                }
                None => self.fill(number),
            };
        }
        Ok(())
    }

    /// A worker died before it was ready, so the next may do the same.
    fn mourn_early(&self, number: usize, status: ExitStatus) -> Result<Place, ServeError> {
        let why = format!("a worker ended before it was ready ({status})");
        if self.has_begun { Ok(self.leave_vacant(number, &why)) } else { Err(ServeError::Start(io::Error::other(why))) }
    }

    /// Lets every worker finish within the grace; those who do not are killed.
    fn stop(mut self) -> Result<(), ServeError> {
        self.workers().for_each(Worker::tell_to_stop);
        drop(mem::take(&mut self.listeners.sockets));
        let end = Instant::now().checked_add(self.service.options.grace).and_then(|end| end.checked_add(LEAVING));
        while end.is_none_or(|end| Instant::now() < end) {
            let mut fds: Vec<PollFd<'_>> = self.awaited().collect();
            if fds.is_empty() {
                break;
            }
            wait(&mut fds, end).map_err(ServeError::Wait)?;
            let mut is_ready = fds.iter().map(|fd| !fd.revents().is_empty()).collect::<Vec<_>>().into_iter();
            self.places.retain_mut(|place| match place {
                Place::Taken(worker, _) => is_ready.next() != Some(true) || matches!(worker.news(), Ok(News::Ready)),
                Place::Vacant(_) => false,
            });
        }
        Ok(())
    }
}

//! Waiting for sockets and for a time, to the microsecond.
//!
//! `epoll_pwait2(2)` waits for nanoseconds, where `epoll_wait(2)` waits for milliseconds. A kernel before Linux 5.11, or
//! a sandbox, may not have it. Then `ppoll(2)` waits for the epoll itself, to the nanosecond too, with one more system
//! call each time.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;

/// How many events are taken at once.
const EVENTS_MAX: usize = 256;

/// Waits for an epoll by `epoll_pwait2(2)`. Tests put another in its place.
type Pwait2 = fn(&Epoll, Option<&Timespec>, &mut Vec<u64>) -> rustix::io::Result<()>;

/// An epoll, and how it is waited for.
#[derive(Debug)]
pub(super) struct Waiter {
    epoll: Epoll,
    /// `None` once the system has turned out not to have it.
    pwait2: Option<Pwait2>,
    ready: Vec<u64>,
}

impl Waiter {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, pwait2: Some(epoll_pwait2), ready: Vec::with_capacity(EVENTS_MAX) })
    }

    /// Begins to watch a descriptor, and calls it `token`.
    pub(super) fn add(&self, descriptor: BorrowedFd<'_>, token: u64, flags: EpollFlags) -> io::Result<()> {
        Ok(self.epoll.add(descriptor, EpollEvent::new(flags, token))?)
    }

    /// Watches a descriptor for something else.
    pub(super) fn modify(&self, descriptor: BorrowedFd<'_>, token: u64, flags: EpollFlags) -> io::Result<()> {
        Ok(self.epoll.modify(descriptor, &mut EpollEvent::new(flags, token))?)
    }

    /// Watches a descriptor no more.
    pub(super) fn delete(&self, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        Ok(self.epoll.delete(descriptor)?)
    }

    /// Waits until a descriptor is ready, or for `timeout` at most. [`ready`](Self::ready) returns which are.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.ready.clear();
        // A timeout that the system cannot express waits without a limit.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        if let Some(pwait2) = self.pwait2 {
            match rustix::io::retry_on_intr(|| pwait2(&self.epoll, timeout.as_ref(), &mut self.ready)) {
                // Sandboxes refuse what they do not know with EPERM.
                Err(Errno::NOSYS | Errno::PERM) => {
                    tracing::info!("the system has no epoll_pwait2(2): the tunnel waits by ppoll(2)");
                    self.pwait2 = None;
                }
                waited => return Ok(waited?),
            }
        }
        self.wait_by_poll(timeout.as_ref())
    }

    /// The tokens of what was ready after the last wait.
    pub(super) fn ready(&self) -> &[u64] {
        &self.ready
    }

    fn wait_by_poll(&mut self, timeout: Option<&Timespec>) -> io::Result<()> {
        let mut polled = [PollFd::from_borrowed_fd(self.epoll.0.as_fd(), PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut polled, timeout))?;
        let mut events = [EpollEvent::empty(); EVENTS_MAX];
        let count = rustix::io::retry_on_intr(|| match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
            Err(nix::errno::Errno::EINTR) => Err(Errno::INTR),
            waited => Ok(waited),
        })??;
        self.ready.extend(events[..count].iter().map(EpollEvent::data));
        Ok(())
    }
}

fn epoll_pwait2(epoll: &Epoll, timeout: Option<&Timespec>, ready: &mut Vec<u64>) -> rustix::io::Result<()> {
    let mut events = [const { MaybeUninit::uninit() }; EVENTS_MAX];
    let (found, _) = epoll::wait(&epoll.0, &mut events, timeout)?;
    ready.extend(found.iter().map(|event| event.data.u64()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_fallback_without_epoll_pwait2_waits_as_long_and_reports_the_same_events() {
        let old: Pwait2 = |_, _, _| Err(Errno::NOSYS);
        let sandboxed: Pwait2 = |_, _, _| Err(Errno::PERM);
        for (pwait2, is_there) in [(epoll_pwait2 as Pwait2, true), (old, false), (sandboxed, false)] {
            let mut waiter = Waiter { pwait2: Some(pwait2), ..Waiter::new().unwrap() };
            let (read, write) = std::io::pipe().unwrap();
            waiter.add(read.as_fd(), 7, EpollFlags::EPOLLIN).unwrap();
            let began = Instant::now();
            waiter.wait(Some(Duration::from_micros(1_500))).unwrap();
            assert!(began.elapsed() >= Duration::from_micros(1_500) && waiter.ready().is_empty());
            rustix::io::write(&write, b"x").unwrap();
            waiter.wait(None).unwrap();
            assert_eq!(waiter.ready(), [7]);
            waiter.modify(read.as_fd(), 8, EpollFlags::EPOLLIN).unwrap();
            waiter.wait(Some(Duration::ZERO)).unwrap();
            assert_eq!(waiter.ready(), [8]);
            waiter.delete(read.as_fd()).unwrap();
            waiter.wait(Some(Duration::ZERO)).unwrap();
            assert!(waiter.ready().is_empty());
            assert_eq!(waiter.pwait2.is_some(), is_there);
        }
    }
}

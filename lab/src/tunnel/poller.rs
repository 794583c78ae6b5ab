//! A poller: it waits for descriptors, with a timeout to the nanosecond.
//!
//! The timeout of `epoll_pwait2(2)` is in nanoseconds, that of `epoll_wait(2)` in milliseconds. A kernel before Linux
//! 5.11 lacks `epoll_pwait2(2)`, and a sandbox may forbid it. Then `ppoll(2)` waits for the epoll descriptor itself,
//! also with a timeout in nanoseconds, at the cost of one more system call for each wait.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;

/// Maximum number of events that one wait reports.
const EVENTS_MAX: usize = 256;

/// A function that calls `epoll_pwait2(2)`. Tests use functions that fail instead.
type Pwait2 = fn(&Epoll, Option<&Timespec>, &mut Vec<u64>) -> rustix::io::Result<()>;

/// An epoll instance, and the system call that waits for it.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: Epoll,
    /// `None` once a call has shown that `epoll_pwait2(2)` is not available.
    pwait2: Option<Pwait2>,
    ready: Vec<u64>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Self { epoll, pwait2: Some(epoll_pwait2), ready: Vec::with_capacity(EVENTS_MAX) })
    }

    /// Registers a descriptor, whose events are reported with `token`.
    pub(crate) fn add(&self, descriptor: BorrowedFd<'_>, token: u64, flags: EpollFlags) -> io::Result<()> {
        Ok(self.epoll.add(descriptor, EpollEvent::new(flags, token))?)
    }

    /// Changes the token and the events of a registered descriptor.
    pub(crate) fn modify(&self, descriptor: BorrowedFd<'_>, token: u64, flags: EpollFlags) -> io::Result<()> {
        Ok(self.epoll.modify(descriptor, &mut EpollEvent::new(flags, token))?)
    }

    /// Removes a registered descriptor.
    pub(crate) fn delete(&self, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        Ok(self.epoll.delete(descriptor)?)
    }

    /// Waits until a descriptor is ready, for at most `timeout`. [`ready`](Self::ready) returns the tokens of the ready
    /// descriptors.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.ready.clear();
        // A timeout too long for the system means no timeout.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        if let Some(pwait2) = self.pwait2 {
            match rustix::io::retry_on_intr(|| pwait2(&self.epoll, timeout.as_ref(), &mut self.ready)) {
                // A sandbox denies unknown system calls with EPERM.
                Err(Errno::NOSYS | Errno::PERM) => {
                    tracing::info!("epoll_pwait2(2) is not available, so ppoll(2) waits");
                    self.pwait2 = None;
                }
                waited => return Ok(waited?),
            }
        }
        self.wait_with_ppoll(timeout.as_ref())
    }

    /// Returns the tokens of the descriptors that were ready after the last wait.
    pub(crate) fn ready(&self) -> &[u64] {
        &self.ready
    }

    fn wait_with_ppoll(&mut self, timeout: Option<&Timespec>) -> io::Result<()> {
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
        for (pwait2, is_available) in [(epoll_pwait2 as Pwait2, true), (old, false), (sandboxed, false)] {
            let mut poller = Poller { pwait2: Some(pwait2), ..Poller::new().unwrap() };
            let (read, write) = std::io::pipe().unwrap();
            poller.add(read.as_fd(), 7, EpollFlags::EPOLLIN).unwrap();
            let began = Instant::now();
            poller.wait(Some(Duration::from_micros(1_500))).unwrap();
            assert!(began.elapsed() >= Duration::from_micros(1_500) && poller.ready().is_empty());
            rustix::io::write(&write, b"x").unwrap();
            poller.wait(None).unwrap();
            assert_eq!(poller.ready(), [7]);
            poller.modify(read.as_fd(), 8, EpollFlags::EPOLLIN).unwrap();
            poller.wait(Some(Duration::ZERO)).unwrap();
            assert_eq!(poller.ready(), [8]);
            poller.delete(read.as_fd()).unwrap();
            poller.wait(Some(Duration::ZERO)).unwrap();
            assert!(poller.ready().is_empty());
            assert_eq!(poller.pwait2.is_some(), is_available);
        }
    }
}

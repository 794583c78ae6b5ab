//! `poll(2)` with a deadline.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::error::ServeError;
use crate::stop::Stop;

/// Waits for an event on any of `fds`, until `deadline` at most. [`is_ready`] then tells which of `fds` have events.
pub(crate) fn wait(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let timeout = deadline.map(timeout_until);
        match poll(fds, timeout.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn timeout_until(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    // A duration beyond the range of a timespec is as good as endless.
    Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
}

/// Waits for a stop request, but no longer than `pause`. Returns whether the stop was requested.
pub(crate) fn stops_within(stop: &Stop, pause: Duration) -> Result<bool, ServeError> {
    let mut fds = [PollFd::new(stop, PollFlags::IN)];
    wait(&mut fds, Some(Instant::now() + pause)).map_err(ServeError::Wait)?;
    Ok(is_ready(&fds[0]))
}

/// Whether the last wait reported an event on this descriptor.
pub(crate) fn is_ready(fd: &PollFd<'_>) -> bool {
    !fd.revents().is_empty()
}

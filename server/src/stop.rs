//! How a server is told to stop, from any thread.
//!
//! It is a pipe, because that is what every design can wait for: async code by a readiness event,
//! blocking code by `poll(2)` beside its sockets. What is written into it is never read, so that all
//! who wait see it, and who looks later sees it still.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe::Receiver;

/// The end that waits. As a file descriptor it becomes readable when the stop is requested.
#[derive(Debug)]
pub struct Stop {
    pipe: OwnedFd,
}

/// The end that requests the stop. When the last clone is dropped, that is a request too: nobody
/// would be left who could make one.
#[derive(Debug, Clone)]
pub struct Stopper {
    pipe: Arc<OwnedFd>,
}

impl Stop {
    /// Both ends.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub fn pair() -> io::Result<(Stopper, Self)> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok((Stopper { pipe: Arc::new(write) }, Self { pipe: read }))
    }

    /// Waits for the request, in a tokio runtime with I/O. What the waiting needs is taken at once,
    /// so that it cannot fail later for want of descriptors, when clients have taken all.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub fn requested(&self) -> io::Result<impl Future<Output = io::Result<()>> + use<>> {
        let pipe = Receiver::from_owned_fd(self.pipe.try_clone()?)?;
        Ok(async move { pipe.readable().await })
    }
}

/// What is readable at its end is a stop at its end.
impl From<OwnedFd> for Stop {
    fn from(pipe: OwnedFd) -> Self {
        Self { pipe }
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Stopper {
    /// Requests the stop. To do so again changes nothing.
    pub fn stop(&self) {
        // It fails if the server has returned already, or if nobody read thousands of requests.
        let _ = rustix::io::write(&self.pipe, &[0]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    /// Whether a stop is requested, first as blocking code sees it, then as async code does.
    fn is_requested(stop: &Stop) -> [bool; 2] {
        let mut fds = [PollFd::new(stop, PollFlags::IN)];
        let polled = poll(&mut fds, Some(&Timespec::default())).unwrap() == 1;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let awaited = runtime.block_on(async {
            let requested = stop.requested().unwrap();
            tokio::time::timeout(Duration::from_millis(20), requested).await.is_ok()
        });
        [polled, awaited]
    }

    #[test]
    fn a_stop_is_seen_by_polling_and_by_awaiting_and_stays() {
        let (stopper, stop) = Stop::pair().unwrap();
        assert_eq!(is_requested(&stop), [false, false]);
        stopper.clone().stop();
        stopper.stop();
        assert_eq!(is_requested(&stop), [true, true]);
        assert_eq!(is_requested(&stop), [true, true]);
    }

    #[test]
    fn the_last_stopper_stops_when_it_is_dropped() {
        let (stopper, stop) = Stop::pair().unwrap();
        let another = stopper.clone();
        drop(stopper);
        assert_eq!(is_requested(&stop), [false, false]);
        drop(another);
        assert_eq!(is_requested(&stop), [true, true]);
    }

    #[test]
    fn a_stop_that_nobody_waits_for_any_more_harms_nobody() {
        let (stopper, stop) = Stop::pair().unwrap();
        drop(stop);
        stopper.stop();
    }
}

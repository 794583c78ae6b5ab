//! Stopping a server from any thread.
//!
//! The request is sent through a pipe, because every design can wait for one: async code for a readiness event, blocking
//! code with `poll(2)` together with its sockets. Nothing reads the pipe, so it stays readable: level-triggered for
//! present and future waiters.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe::Receiver;

/// The waiting side. As a file descriptor it becomes readable when the stop is requested.
#[derive(Debug)]
pub struct Stop {
    pipe: OwnedFd,
}

/// The requesting side. Dropping the last clone requests the stop as well.
#[derive(Debug, Clone)]
pub struct Stopper {
    pipe: Arc<OwnedFd>,
}

impl Stop {
    /// Creates both sides.
    ///
    /// # Errors
    ///
    /// Returns the system's error if there are no descriptors left.
    pub fn pair() -> io::Result<(Stopper, Self)> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok((Stopper { pipe: Arc::new(write) }, Self { pipe: read }))
    }

    /// Returns a future that waits for the request, in a tokio runtime with I/O. Everything that the wait needs is
    /// allocated now, so that it cannot fail later, when clients use all descriptors.
    ///
    /// # Errors
    ///
    /// Returns the system's error if there are no descriptors left.
    pub fn requested(&self) -> io::Result<impl Future<Output = io::Result<()>> + use<>> {
        let pipe = Receiver::from_owned_fd(self.pipe.try_clone()?)?;
        Ok(async move { pipe.readable().await })
    }
}

/// Any descriptor that becomes readable at its end of stream can serve as a stop.
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
    /// Requests the stop. Further calls have no effect.
    pub fn stop(&self) {
        // Fails if the server has returned already, or if the pipe is full of earlier requests.
        let _ = rustix::io::write(&self.pipe, &[0]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    /// Whether a stop is requested, according to `poll(2)` and to the future.
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
    fn a_requested_stop_stays_visible_to_poll_and_to_futures() {
        let (stopper, stop) = Stop::pair().unwrap();
        assert_eq!(is_requested(&stop), [false, false]);
        stopper.clone().stop();
        stopper.stop();
        assert_eq!(is_requested(&stop), [true, true]);
        assert_eq!(is_requested(&stop), [true, true]);
    }

    #[test]
    fn dropping_the_last_stopper_requests_the_stop() {
        let (stopper, stop) = Stop::pair().unwrap();
        let another = stopper.clone();
        drop(stopper);
        assert_eq!(is_requested(&stop), [false, false]);
        drop(another);
        assert_eq!(is_requested(&stop), [true, true]);
    }

    #[test]
    fn a_request_after_the_waiting_side_is_gone_is_ignored() {
        let (stopper, stop) = Stop::pair().unwrap();
        drop(stop);
        stopper.stop();
    }
}

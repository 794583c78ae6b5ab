//! Waiting with a deadline. When the deadline has passed, the test fails and says what it waited for.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest wait for any event, far above what anything takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The pause between two looks, where the system reports no event.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until there is something, and returns it.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, look)
}

/// The same with another deadline.
#[track_caller]
pub fn until_within<T>(deadline: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < deadline, "timed out after {deadline:?} while waiting for {what}");
        thread::sleep(PAUSE);
    }
}

/// Waits for the end of a thread and returns its result. A panic of the thread continues here.
#[track_caller]
pub fn join<T>(thread: JoinHandle<T>, what: &str) -> T {
    until(what, || thread.is_finished().then_some(()));
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// The next value from a channel, or `None` once the sender has been dropped.
#[track_caller]
pub fn receive<T>(receiver: &Receiver<T>, what: &str) -> Option<T> {
    match receiver.recv_timeout(DEADLINE) {
        Ok(value) => Some(value),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("timed out after {DEADLINE:?} while waiting for {what}"),
    }
}

/// The same as [`until`], with an asynchronous look.
pub async fn until_async<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "timed out after {DEADLINE:?} while waiting for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The output of a future.
pub async fn within<F: Future>(deadline: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("timed out after {deadline:?} while waiting for {what}"),
    }
}

//! Waiting with a deadline. When the deadline passes, the test panics, and the message names what it waited for.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The default deadline of a wait: far longer than any awaited event takes, even on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The pause between two polls of a condition for which the system reports no events.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls `poll` until it returns a value, within `DEADLINE`, and returns that value.
#[track_caller]
pub fn until<T>(what: &str, poll: impl FnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, poll)
}

/// Calls `poll` until it returns a value, within `deadline`, and returns that value.
#[track_caller]
pub fn until_within<T>(deadline: Duration, what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(began.elapsed() < deadline, "timed out after {deadline:?} while waiting for {what}");
        thread::sleep(PAUSE);
    }
}

/// Waits for a thread to end and returns its result. If the thread panicked, this panics as well.
#[track_caller]
pub fn join<T>(thread: JoinHandle<T>, what: &str) -> T {
    until(what, || thread.is_finished().then_some(()));
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Waits for the next value from a channel. Returns `None` once the sender has been dropped.
#[track_caller]
pub fn receive<T>(receiver: &Receiver<T>, what: &str) -> Option<T> {
    match receiver.recv_timeout(DEADLINE) {
        Ok(value) => Some(value),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("timed out after {DEADLINE:?} while waiting for {what}"),
    }
}

/// Calls the asynchronous `poll` until it returns a value, and returns that value.
pub async fn until_async<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(began.elapsed() < DEADLINE, "timed out after {DEADLINE:?} while waiting for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits for a future, within `deadline`, and returns its output.
pub async fn within<F: Future>(deadline: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("timed out after {deadline:?} while waiting for {what}"),
    }
}

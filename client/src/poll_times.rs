//! How much of the time that a step takes is its own, and how much is waiting.
//!
//! A future that can do nothing more returns, and is called again when something has happened. The time
//! inside those calls is the step's own; the time between them is waiting: for the kernel, for the wire,
//! for the server, for a turn at the processor.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, Instant};

/// How long something took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollTimes {
    /// Doing it.
    pub own: Duration,
    /// Waiting for it.
    pub waited: Duration,
}

/// Runs `event` to its end and says how long it took.
pub async fn measured<T>(event: impl Future<Output = T>) -> (T, PollTimes) {
    let mut event = pin!(event);
    let began = Instant::now();
    let mut own = Duration::ZERO;
    let output = poll_fn(|context| {
        let called = Instant::now();
        let polled = event.as_mut().poll(context);
        own += called.elapsed();
        polled
    })
    .await;
    (output, PollTimes { own, waited: began.elapsed().saturating_sub(own) })
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    const WORK: Duration = Duration::from_millis(10);

    fn work() {
        let began = Instant::now();
        while began.elapsed() < WORK {}
    }

    /// Works three times, and between two of them waits for a thread that wakes it.
    async fn work_and_wait() -> PollTimes {
        let mut calls = 0;
        let (output, times) = measured(poll_fn(|context| {
            calls += 1;
            work();
            if calls == 3 {
                return Poll::Ready("done");
            }
            let waker = context.waker().clone();
            std::thread::spawn(move || {
                std::thread::sleep(3 * WORK);
                waker.wake();
            });
            Poll::Pending
        }))
        .await;
        assert_eq!(output, "done");
        times
    }

    #[tokio::test]
    async fn time_inside_is_its_own_and_time_between_is_waiting() {
        // A machine that does much else may begin to wait late, but not every time.
        let mut waited = Duration::ZERO;
        for _ in 0..10 {
            let times = work_and_wait().await;
            assert!(times.own >= 3 * WORK, "{times:?}");
            waited = waited.max(times.waited);
            if waited >= 6 * WORK {
                return;
            }
        }
        panic!("waited for {waited:?}");
    }

    #[tokio::test]
    async fn what_is_ready_at_once_waits_for_nothing() {
        // A machine that does much else may take the processor away in between, but not every time.
        let mut waited = Duration::MAX;
        for _ in 0..10 {
            let (_, times) = measured(async { work() }).await;
            assert!(times.own >= WORK, "{times:?}");
            waited = waited.min(times.waited);
        }
        assert!(waited < WORK, "{waited:?}");
    }
}

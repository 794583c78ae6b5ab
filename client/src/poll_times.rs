//! How much time a future spends inside its polls, and how much between them.
//!
//! A future that cannot make progress returns from its poll, and is polled again after an event. The time inside polls
//! is the future's own time. The time between polls is waiting: for the kernel, the network, the server, or a
//! processor.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::{Duration, Instant};

/// The times of a future.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollTimes {
    /// The time inside the future's polls.
    pub own: Duration,
    /// The time between the future's polls.
    pub waited: Duration,
}

/// Awaits `event`, and returns its output and its times.
pub async fn time_polls<T>(event: impl Future<Output = T>) -> (T, PollTimes) {
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

    /// Times a future that works for `WORK` in each of three polls, and is woken `3 * WORK` after the first and the
    /// second.
    async fn work_and_wait() -> PollTimes {
        let mut calls = 0;
        let (output, times) = time_polls(poll_fn(|context| {
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
    async fn time_inside_polls_is_own_and_time_between_them_is_waiting() {
        // The sleep of the waking thread begins inside a poll. A preemption there shortens the wait, but not every time.
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
    async fn a_future_that_is_ready_at_once_has_not_waited() {
        // A preemption between two clock readings counts as waiting, but does not happen every time.
        let mut waited = Duration::MAX;
        for _ in 0..10 {
            let (_, times) = time_polls(async { work() }).await;
            assert!(times.own >= WORK, "{times:?}");
            waited = waited.min(times.waited);
        }
        assert!(waited < WORK, "{waited:?}");
    }
}

//! A bare loop of timers: one thread that waits for one time after the other, scheduled like that of the load generator, and does
//! nothing else.

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use launcelot_endpoint::scheduling;
use launcelot_measure::Distribution;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId as TimerClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId, clock_gettime};

/// A running loop of timers.
#[derive(Debug)]
pub(super) struct Timers {
    is_stopping: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Distribution>>,
}

impl Timers {
    /// Starts the loop: from a `delay` on, and for a `duration`, timers expire `per_second` times a second, at even distances.
    pub(super) fn start(per_second: NonZeroU32, delay: Duration, duration: Duration) -> io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let is_told_to_stop = Arc::clone(&is_stopping);
        let interval = Duration::from_secs(1) / per_second.get();
        let count = (duration.as_secs_f64() * f64::from(per_second.get())) as u64;
        let is_over =
            move |lateness: &Distribution| lateness.count() >= count || is_told_to_stop.load(Ordering::Relaxed);
        let run = move || lateness_of_timers(interval, delay, is_over);
        let thread = thread::Builder::new().name("timers".to_owned()).spawn(run)?;
        Ok(Self { is_stopping, thread })
    }

    /// Stops the loop if it has not ended, and returns how late the thread was woken by the timers.
    pub(super) fn stop(self) -> io::Result<Distribution> {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Waits for one timer after the other until `is_over`, and returns how late the thread was woken.
fn lateness_of_timers(
    interval: Duration,
    delay: Duration,
    is_over: impl Fn(&Distribution) -> bool,
) -> io::Result<Distribution> {
    scheduling::wake_punctually();
    let timer = TimerFd::new(TimerClockId::CLOCK_MONOTONIC, TimerFlags::empty())?;
    let mut lateness = Distribution::default();
    let mut due = now()? + delay;
    while !is_over(&lateness) {
        if now()? < due {
            timer.set(Expiration::OneShot(TimeSpec::from(due)), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            timer.wait()?;
        }
        lateness.record(now()?.saturating_sub(due));
        due += interval;
    }
    Ok(lateness)
}

/// Returns the time of the clock by which the timers go.
fn now() -> io::Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn timers_expire_at_even_distances_and_never_early() {
        let begin = Instant::now();
        let ms = Duration::from_millis;
        let lateness = lateness_of_timers(ms(1), ms(10), |lateness| lateness.count() == 21).unwrap();
        assert!(begin.elapsed() >= ms(30), "{:?}", begin.elapsed());
        assert!(lateness.longest() > Duration::ZERO);
    }

    #[test]
    fn a_loop_ends_when_it_is_stopped() {
        let timers =
            Timers::start(NonZeroU32::new(1_000).unwrap(), Duration::ZERO, Duration::from_secs(3_600)).unwrap();
        timers.stop().unwrap();
    }
}

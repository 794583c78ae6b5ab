//! A timer that repeats while runs go on, and notices when it could not.

use js_sys::{Date, Function};
use web_sys::DedicatedWorkerGlobalScope;

use super::clock::Clock;

/// A worker whose timer comes later than this was suspended. Browsers may slow the timers of hidden tabs down to one a second.
const LATE_MIN_MS: f64 = 3_000.0;

/// The timer.
#[derive(Debug)]
pub(super) struct Ticker {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    calls: Function,
    period_ms: i32,
    timer: Option<i32>,
    gaps: Gaps,
}

impl Ticker {
    /// `calls` is called after each period, once it is started.
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, clock: Clock, calls: Function, period_ms: i32) -> Self {
        Self { scope, clock, calls, period_ms, timer: None, gaps: Gaps::default() }
    }

    /// Starts it anew.
    pub(super) fn start(&mut self) {
        self.stop();
        self.gaps = Gaps::default();
        self.was_suspended();
        let timer = self.scope.set_interval_with_callback_and_timeout_and_arguments_0(&self.calls, self.period_ms);
        // Fails only in a scope without timers, and every worker has them.
        self.timer = timer.ok();
    }

    /// Stops it.
    pub(super) fn stop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.scope.clear_interval_with_handle(timer);
        }
    }

    /// Whether the worker was suspended since this was asked last, or since the start.
    pub(super) fn was_suspended(&mut self) -> bool {
        self.gaps.is_long([self.clock.read().ms(), Date::now()])
    }
}

/// How far two clocks have come. The monotonic one stands still while some systems sleep; the other is the time of day, and steps
/// when it is set.
#[derive(Debug, Default)]
struct Gaps {
    last_ms: Option<[f64; 2]>,
}

impl Gaps {
    /// Whether either clock has leapt since the last readings.
    fn is_long(&mut self, now_ms: [f64; 2]) -> bool {
        let last_ms = self.last_ms.replace(now_ms).unwrap_or(now_ms);
        now_ms.iter().zip(last_ms).any(|(now, last)| now - last > LATE_MIN_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_of_either_clock_is_a_suspension_and_a_slow_timer_is_not() {
        let mut gaps = Gaps::default();
        assert!(!gaps.is_long([5.0, 1.8e12]), "the first reading");
        assert!(!gaps.is_long([1_205.0, 1.8e12 + 1_200.0]), "a hidden tab");
        assert!(gaps.is_long([1_305.0, 1.8e12 + 60_000.0]), "the machine slept, and its monotonic clock stood still");
        assert!(gaps.is_long([31_305.0, 1.8e12 + 90_000.0]), "the browser froze the page");
        assert!(!gaps.is_long([31_405.0, 1.8e12]), "the time of day was set back");
    }
}

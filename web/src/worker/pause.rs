//! Waiting for a moment, more exactly than a browser's timers do.
//!
//! A timer comes up to some milliseconds late. So it is set to come early, and the rest of the time the
//! worker's thread sleeps in `Atomics.wait`, and spins at the very end. Neither handles events,
//! which is harmless as long as no message is under way. `Atomics.wait` needs shared memory, which a browser
//! gives only to pages that are cross-origin isolated: elsewhere the timer is all there is, and what is due
//! may leave some milliseconds late, several at once where the pace is under a millisecond. The times since each was due and since
//! it could begin are measured all the same, so that the lateness is the client's own.
//!
//! The spinning takes at most [`SLEEP_LATENESS_MS`] a round of one core. With a pace of 0.25 ms that is most of the time between an
//! answer and the next question.

use js_sys::{Atomics, Function, Int32Array, SharedArrayBuffer};
use web_sys::DedicatedWorkerGlobalScope;

use super::clock::{self, Clock, Reading};

/// How much earlier than needed a timer is set.
const TIMER_LATENESS_MS: f64 = 4.0;

/// How much earlier than needed a sleeping thread is woken.
const SLEEP_LATENESS_MS: f64 = 0.2;

/// Something that waits.
#[derive(Debug)]
pub(super) struct Pause {
    scope: DedicatedWorkerGlobalScope,
    clock: Clock,
    timer_calls: Function,
    timer: Option<i32>,
    /// What the thread waits on with a timeout; it is never notified.
    sleep_on: Option<Int32Array>,
}

impl Pause {
    /// `timer_calls` is called when a timer is up.
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, clock: Clock, timer_calls: Function) -> Self {
        let sleep_on = clock::is_isolated(&scope).then(|| Int32Array::new(&SharedArrayBuffer::new(4)));
        Self { scope, clock, timer_calls, timer: None, sleep_on }
    }

    /// Waits for a moment that is near, and returns `true`; otherwise sets the timer and returns `false`.
    pub(super) fn until(&mut self, moment: Reading) -> bool {
        let left = moment.ms_since(self.clock.read());
        if left <= 0.0 {
            return true;
        }
        let Some(sleep_on) = &self.sleep_on else {
            return !self.set(left.ceil());
        };
        if left > TIMER_LATENESS_MS + 1.0 {
            return !self.set((left - TIMER_LATENESS_MS).floor());
        }
        if left > SLEEP_LATENESS_MS {
            // Fails only where a thread must not sleep, which a worker's may.
            let _ = Atomics::wait_with_timeout(sleep_on, 0, 0, left - SLEEP_LATENESS_MS);
        }
        while self.clock.read() < moment {}
        true
    }

    /// Forgets the timer.
    pub(super) fn cancel(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.scope.clear_timeout_with_handle(timer);
        }
    }

    /// Sets the timer, if the browser has one.
    fn set(&mut self, ms: f64) -> bool {
        self.cancel();
        let set = self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(&self.timer_calls, ms as i32);
        self.timer = set.ok();
        self.timer.is_some()
    }
}

//! A timer that repeats while runs go on.

use js_sys::Function;
use web_sys::DedicatedWorkerGlobalScope;

/// The timer.
#[derive(Debug)]
pub(super) struct Ticker {
    scope: DedicatedWorkerGlobalScope,
    calls: Function,
    period_ms: i32,
    timer: Option<i32>,
}

impl Ticker {
    /// `calls` is called after each period, once it is started.
    pub(super) fn new(scope: DedicatedWorkerGlobalScope, calls: Function, period_ms: i32) -> Self {
        Self { scope, calls, period_ms, timer: None }
    }

    /// Starts it anew.
    pub(super) fn start(&mut self) {
        self.stop();
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
}

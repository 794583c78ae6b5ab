//! Long work of the page, done in turns: between two turns the browser draws and handles events.

use js_sys::Promise;
use web_sys::window;

/// The longest turn, in milliseconds. A browser reports a task as long from 50 ms on.
const TURN_MAX_MS: f64 = 30.0;

/// A turn of long work.
#[derive(Debug)]
pub struct Turn {
    began_ms: f64,
}

impl Turn {
    /// Begins a turn.
    pub fn begin() -> Self {
        Self { began_ms: now_ms() }
    }

    /// Waits for another turn, if this one was long enough.
    pub async fn yield_if_long(&mut self) {
        if now_ms() - self.began_ms > TURN_MAX_MS {
            self.next().await;
        }
    }

    /// Ends this turn, and waits for another one.
    pub async fn next(&mut self) {
        next_task().await;
        self.began_ms = now_ms();
    }
}

async fn next_task() {
    let set_timer = &mut |resolve: js_sys::Function, _| {
        if let Some(window) = window() {
            // Fails only without a window.
            let _ = window.set_timeout_with_callback(&resolve);
        }
    };
    // The timer calls the function, so the promise is not rejected.
    let _ = Promise::new(set_timer).await;
}

/// Returns the time since the page began, in milliseconds.
pub fn now_ms() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

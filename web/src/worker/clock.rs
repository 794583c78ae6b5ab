//! The worker's clock: `performance.now()`.

use std::time::Duration;

use js_sys::Reflect;
use launcelot_measure::Round;
use launcelot_measure::clock::smallest_step;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::message;

/// How many steps of a [`Round`] are a millisecond.
const STEPS_PER_MS: f64 = 1e6 / Round::STEP_NS as f64;

/// Something that reads the time.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    performance: Performance,
}

/// A reading: milliseconds since the worker began, in steps of the clock.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Reading(f64);

impl Reading {
    /// The time from `earlier` to this reading.
    pub(super) fn since(self, earlier: Self) -> Duration {
        // A clock that went backwards took no time.
        Duration::try_from_secs_f64(self.ms_since(earlier) / 1e3).unwrap_or_default()
    }

    /// Milliseconds since the worker began.
    pub(super) fn ms(self) -> f64 {
        self.0
    }

    /// The time from `earlier` in milliseconds; negative if `earlier` is later.
    pub(super) fn ms_since(self, earlier: Self) -> f64 {
        self.0 - earlier.0
    }

    /// The same in the steps of a [`Round`]. Quick enough to be done between two questions.
    pub(super) fn steps_since(self, earlier: Self) -> u64 {
        (self.ms_since(earlier) * STEPS_PER_MS).round() as u64
    }

    /// The reading that is a number of steps of a [`Round`] later.
    pub(super) fn after(self, steps: u64) -> Self {
        Self(self.0 + steps as f64 / STEPS_PER_MS)
    }
}

impl Clock {
    pub(super) fn of(scope: &DedicatedWorkerGlobalScope) -> Option<Self> {
        Some(Self { performance: scope.performance()? })
    }

    pub(super) fn read(&self) -> Reading {
        Reading(self.performance.now())
    }

    /// When a reading was, since 1970, to about a quarter of a microsecond. Clocks of one page have one notion of
    /// 1970, so the page can lay the worker's readings on its own timeline.
    pub(super) fn since_1970(&self, reading: Reading) -> Duration {
        Reading(self.performance.time_origin()).since(Reading(-reading.0))
    }

    /// Watches the clock move some times: for less than a millisecond, or a third of a second if its steps are as long as a
    /// frame.
    pub(super) fn measured(&self, scope: &DedicatedWorkerGlobalScope) -> message::Clock {
        let began = self.read();
        let step = smallest_step(|| self.read().since(began)).unwrap_or_default();
        let cores = scope.navigator().hardware_concurrency() as u32;
        message::Clock { step, isolated: is_isolated(scope), cores }
    }
}

/// Whether the worker is cross-origin isolated.
pub(super) fn is_isolated(scope: &DedicatedWorkerGlobalScope) -> bool {
    Reflect::get(scope, &JsValue::from_str("crossOriginIsolated")).is_ok_and(|value| value.is_truthy())
}

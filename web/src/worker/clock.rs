//! The worker's clock: `performance.now()`.

use std::time::Duration;

use js_sys::Reflect;
use launcelot_measure::clock::smallest_step;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::message;

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
        Duration::try_from_secs_f64((self.0 - earlier.0) / 1e3).unwrap_or_default()
    }
}

impl Clock {
    pub(super) fn of(scope: &DedicatedWorkerGlobalScope) -> Option<Self> {
        Some(Self { performance: scope.performance()? })
    }

    pub(super) fn read(&self) -> Reading {
        Reading(self.performance.now())
    }

    /// Watches the clock move, for at most a few milliseconds.
    pub(super) fn measured(&self, scope: &DedicatedWorkerGlobalScope) -> message::Clock {
        let began = self.read();
        let step = smallest_step(|| self.read().since(began)).unwrap_or_default();
        let isolated =
            Reflect::get(scope, &JsValue::from_str("crossOriginIsolated")).is_ok_and(|value| value.is_truthy());
        message::Clock { step, isolated }
    }
}

//! What a person reads of a run.
//!
//! - [`timing`]: when each thing began and ended.
//! - [`trace`]: what the program did, and how much of that was waiting.
//! - [`legs`]: where on the way the time went.
//! - [`race`]: three ways on one time axis.

pub mod legs;
pub mod race;
pub mod timing;
pub mod trace;

use std::time::Duration;

use launcelot_measure::unit;

/// A duration on its own, for a terminal: with a common space in place of a no-break one.
fn readable(duration: Duration) -> String {
    unit::readable(duration).replace('\u{a0}', " ")
}

/// So many percent, in whole numbers; what is not all is not called 100.
fn percent(part: Duration, whole: Duration) -> u32 {
    if part >= whole {
        return 100;
    }
    ((part.as_secs_f64() / whole.as_secs_f64() * 100.0).round() as u32).min(99)
}

/// The first letters of a line's words, padded to `width` characters.
fn padded(words: &str, width: usize) -> String {
    format!("{words:width$}")
}

//! The simulated work of a lab's server on each answer. Any client of the lab can change it, also during a measurement.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::micros;
use crate::unit::format_duration;

/// How long a lab's server worked on each answer at the beginning and at the end of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerWork {
    /// The time at the beginning, in microseconds.
    #[serde(rename = "first_us", with = "micros")]
    pub first: Duration,
    /// The time at the end, in microseconds; `None` if it is unknown.
    #[serde(rename = "last_us", with = "micros::option")]
    pub last: Option<Duration>,
}

impl ServerWork {
    /// Creates the record of a measurement that begins while the server works for `first` on each answer.
    pub fn begun(first: Duration) -> Self {
        Self { first, last: None }
    }

    /// Records the work at the end, unless it is known already.
    pub fn end(&mut self, last: Duration) {
        self.last.get_or_insert(last);
    }

    /// Records that the work is set to `wanted` now. If the measurement is over, it ended with the work with which it began; otherwise
    /// `wanted` is the work at its end, if that differs from the beginning.
    pub fn change(&mut self, is_over: bool, wanted: Duration) {
        if is_over {
            self.end(self.first);
        } else if wanted != self.first {
            self.end(wanted);
        }
    }

    /// Whether the work changed between the beginning and the end.
    pub fn is_changed(self) -> bool {
        self.last.is_some_and(|last| last != self.first)
    }

    /// Describes the work for the line of text that says what limits the figures; `None` if the server did not simulate any work.
    pub fn describe(self) -> Option<String> {
        let first = format_duration(self.first);
        if let Some(last) = self.last.filter(|last| *last != self.first) {
            let last = format_duration(last);
            return Some(["simulated server work changed from ", &first, " to ", &last, " per answer"].concat());
        }
        (!self.first.is_zero()).then(|| ["simulated server work ", &first, " per answer"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_described_and_a_change_is_noted() {
        let ms = Duration::from_millis;
        let describe = |work: ServerWork| work.describe().map(|text| text.replace('\u{a0}', " "));
        let mut work = ServerWork::begun(ms(3));
        assert_eq!(describe(work).as_deref(), Some("simulated server work 3 ms per answer"));
        assert!(!work.is_changed(), "the end is unknown");
        work.end(ms(5));
        work.end(ms(3));
        let expected = "simulated server work changed from 3 ms to 5 ms per answer";
        assert_eq!((work.is_changed(), describe(work).as_deref()), (true, Some(expected)));
        assert_eq!(describe(ServerWork::begun(Duration::ZERO)), None);
    }
}

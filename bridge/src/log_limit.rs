//! A limit on log lines that clients can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines are logged within a [`PERIOD`].
const LINES_MAX: u32 = 10;

const PERIOD: Duration = Duration::from_secs(10);

/// Lets a bounded number of lines pass, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct LogLimit {
    period: Mutex<Period>,
}

#[derive(Debug, Default)]
struct Period {
    began: Option<Instant>,
    lines: u32,
}

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Log it. This number of lines before it were left out.
    Log {
        left_out: u32,
    },
    LeaveOut,
}

impl LogLimit {
    pub(crate) fn check(&self, now: Instant) -> Verdict {
        let mut period = self.period.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if period.began.is_none_or(|began| now.saturating_duration_since(began) >= PERIOD) {
            left_out = period.lines.saturating_sub(LINES_MAX);
            *period = Period { began: Some(now), lines: 0 };
        }
        period.lines = period.lines.saturating_add(1);
        if period.lines <= LINES_MAX { Verdict::Log { left_out } } else { Verdict::LeaveOut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_lines_is_logged_and_the_others_are_counted() {
        let limit = LogLimit::default();
        let began = Instant::now();
        for _ in 0..LINES_MAX {
            assert_eq!(limit.check(began), Verdict::Log { left_out: 0 });
        }
        for _ in 0..7 {
            assert_eq!(limit.check(began), Verdict::LeaveOut);
        }
        assert_eq!(limit.check(began + PERIOD), Verdict::Log { left_out: 7 });
        assert_eq!(limit.check(began + PERIOD), Verdict::Log { left_out: 0 });
    }
}

//! When dialogues begin: in a closed loop when the last one has ended, in an open loop by the clock.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::time::{Duration, Instant};

use super::arrivals::ArrivalTimes;

/// The shortest pause after a failure. It doubles with each further failure, so that a server that refuses is not asked
/// incessantly.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// The state of an open loop.
#[derive(Debug)]
pub(super) struct OpenLoop {
    begin: Instant,
    /// Dialogues are due until this time.
    pub(super) end: Instant,
    times: Peekable<ArrivalTimes>,
    /// The clients that have no dialogue. The last that ended one comes first, so that few connections stay open.
    pub(super) idle: Vec<usize>,
    /// The largest number of clients.
    pub(super) clients_max: usize,
    /// The dialogues that were due while all clients had one.
    pub(super) queue: VecDeque<Instant>,
}

impl OpenLoop {
    pub(super) fn new(times: ArrivalTimes, clients_max: usize, begin: Instant, end: Instant) -> Self {
        Self { begin, end, times: times.peekable(), idle: Vec::new(), clients_max, queue: VecDeque::new() }
    }

    /// Returns when the next dialogue is due; `None` after the last.
    pub(super) fn next_due(&mut self) -> Option<Instant> {
        let due = self.begin + *self.times.peek()?;
        (due < self.end).then_some(due)
    }

    /// Removes the next dialogue that is due by now.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next_due().filter(|due| *due <= now)?;
        self.times.next();
        Some(due)
    }
}

/// Returns the pause of a closed loop's client after this many failures without a right dialogue between them.
pub(super) fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (PAUSE_MIN * 2_u32.pow(doublings)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::Arrivals;

    use super::*;

    #[test]
    fn dialogues_are_due_within_the_window_only() {
        let begin = Instant::now();
        let end = begin + Duration::from_millis(25);
        let mut open = OpenLoop::new(ArrivalTimes::new(100, Arrivals::Steady, 1), 1, begin, end);
        assert_eq!(open.pop_due(begin), Some(begin));
        assert_eq!(open.pop_due(begin), None);
        assert_eq!(open.next_due(), Some(begin + Duration::from_millis(10)));
        let later = end + Duration::from_secs(1);
        assert_eq!(std::iter::from_fn(|| open.pop_due(later)).count(), 2);
        assert_eq!(open.next_due(), None);
    }

    #[test]
    fn the_pause_after_failures_doubles_up_to_a_limit() {
        let pauses = [1, 2, 3, 7, 8, 1000].map(|failures| pause_after(failures).as_millis());
        assert_eq!(pauses, [1, 2, 4, 64, 100, 100]);
    }
}

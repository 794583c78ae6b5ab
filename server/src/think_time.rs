//! Simulated work on each answer, which may change while the server runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The duration of simulated work on each answer. A change applies to all clones. Worker processes keep the duration
/// with which they were started.
#[derive(Debug, Clone, Default)]
pub struct ThinkTime(Arc<AtomicU64>);

impl ThinkTime {
    /// Returns how long the server thinks about a question that it reads now.
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Sets the duration for the questions that are read from now on. Durations above `u64::MAX` nanoseconds are cut to that.
    pub fn set(&self, think: Duration) {
        self.0.store(u64::try_from(think.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl From<Duration> for ThinkTime {
    fn from(think: Duration) -> Self {
        let time = Self::default();
        time.set(think);
        time
    }
}

impl PartialEq for ThinkTime {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for ThinkTime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_applies_to_all_clones() {
        let think = ThinkTime::from(Duration::from_millis(3));
        let clone = think.clone();
        think.set(Duration::MAX);
        assert_eq!(clone.get(), Duration::from_nanos(u64::MAX));
    }
}

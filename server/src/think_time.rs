//! How long the server takes for each answer, which may change while it serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long each answer takes: simulated work. Clones share it, so a change by one of them is seen by all. Worker processes keep
/// the time with which they were started.
#[derive(Debug, Clone, Default)]
pub struct ThinkTime(Arc<AtomicU64>);

impl ThinkTime {
    /// How long that is now.
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Changes it for the answers to questions that are read from now on. Capped at 584 years.
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
    fn a_change_is_seen_by_all_clones() {
        let think = ThinkTime::from(Duration::from_millis(3));
        let clone = think.clone();
        think.set(Duration::MAX);
        assert_eq!(clone.get(), Duration::from_nanos(u64::MAX));
    }
}

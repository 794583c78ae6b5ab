//! What interrupted the asker while it took times.

use serde::{Deserialize, Serialize};

/// What interrupted the asker. Times that were taken meanwhile may be longer for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruptions {
    /// Its tab was out of sight for a time. Browsers slow such tabs down.
    pub was_hidden: bool,
    /// It was suspended for a time: the machine slept, or the browser froze the page or kept it in its back-forward cache.
    pub was_suspended: bool,
}

impl Interruptions {
    /// Whether there was none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds others.
    pub fn add(&mut self, others: Self) {
        self.was_hidden |= others.was_hidden;
        self.was_suspended |= others.was_suspended;
    }

    /// All of them, for a line of limits; `None` if there was none.
    pub fn in_words(&self) -> Option<&'static str> {
        match (self.was_hidden, self.was_suspended) {
            (false, false) => None,
            (true, false) => Some("the tab was hidden meanwhile"),
            (false, true) => Some("suspended meanwhile"),
            (true, true) => Some("the tab was hidden and suspended meanwhile"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruptions_add_up_and_no_interruption_has_no_words() {
        let mut interruptions = Interruptions::default();
        assert_eq!((interruptions.is_none(), interruptions.in_words()), (true, None));
        interruptions.add(Interruptions { was_hidden: true, was_suspended: false });
        interruptions.add(Interruptions { was_hidden: false, was_suspended: true });
        assert_eq!(interruptions, Interruptions { was_hidden: true, was_suspended: true });
        assert_eq!(interruptions.in_words(), Some("the tab was hidden and suspended meanwhile"));
    }
}

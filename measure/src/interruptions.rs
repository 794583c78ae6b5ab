//! Whether the client's tab was hidden, or the client suspended, during a measurement.

use serde::{Deserialize, Serialize};

/// Interruptions of the client. Times that were measured meanwhile may be too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruptions {
    /// The client's tab was hidden for a time. Browsers throttle hidden tabs.
    pub was_hidden: bool,
    /// The client was suspended for a time: the machine slept, or the browser froze the page or kept it in its back-forward cache.
    pub was_suspended: bool,
}

impl Interruptions {
    /// Whether there was no interruption.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the interruptions of `other`.
    pub fn add(&mut self, other: Self) {
        self.was_hidden |= other.was_hidden;
        self.was_suspended |= other.was_suspended;
    }

    /// Describes all interruptions for the line of text that says what limits the figures; `None` if there was none.
    pub fn describe(&self) -> Option<&'static str> {
        match (self.was_hidden, self.was_suspended) {
            (false, false) => None,
            (true, false) => Some("the tab was hidden during the measurement"),
            (false, true) => Some("the page was suspended during the measurement"),
            (true, true) => Some("the tab was hidden and suspended during the measurement"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interruptions_add_up_and_are_described() {
        let mut interruptions = Interruptions::default();
        assert_eq!((interruptions.is_none(), interruptions.describe()), (true, None));
        interruptions.add(Interruptions { was_hidden: true, was_suspended: false });
        interruptions.add(Interruptions { was_hidden: false, was_suspended: true });
        assert_eq!(interruptions, Interruptions { was_hidden: true, was_suspended: true });
        assert_eq!(interruptions.describe(), Some("the tab was hidden and suspended during the measurement"));
    }
}

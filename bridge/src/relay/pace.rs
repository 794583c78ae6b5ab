//! Whether a relay carries a bulk transfer, or short messages.

/// The number of bytes that one poll of a relay may move without being counted as part of a bulk transfer. 50 questions in
/// flight, or the largest TLS record, are less.
const SHORT_POLL_BYTES: u64 = 16 * 1024;

/// After this number of bytes above [`SHORT_POLL_BYTES`] for each poll, a transfer is a bulk transfer. It is one until as many
/// polls as that is have moved nothing: 64.
const BULK_BYTES: u64 = 1024 * 1024;

/// A leaky bucket: bytes that are moved fill it, and each poll drains it. No clock is read for it.
#[derive(Debug, Default)]
pub(super) struct Pace {
    level: u64,
    is_bulk: bool,
}

impl Pace {
    /// Counts a poll that moved this number of bytes. Returns whether the relay has become another kind of transfer.
    pub(super) fn count(&mut self, moved_bytes: u64) -> bool {
        self.level = (self.level + moved_bytes).saturating_sub(SHORT_POLL_BYTES).min(BULK_BYTES);
        let was_bulk = self.is_bulk;
        match self.level {
            0 => self.is_bulk = false,
            BULK_BYTES => self.is_bulk = true,
            _ => {}
        }
        self.is_bulk != was_bulk
    }

    pub(super) fn is_bulk(&self) -> bool {
        self.is_bulk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts polls until the kind of transfer changes, and returns their number.
    fn polls_until_change(pace: &mut Pace, moved_bytes: impl Fn(u32) -> u64) -> Option<u32> {
        (1..10_000).find(|&poll| pace.count(moved_bytes(poll)))
    }

    #[test]
    fn a_transfer_of_large_turns_is_a_bulk_transfer_until_it_pauses() {
        let mut pace = Pace::default();
        assert_eq!(polls_until_change(&mut pace, |_| 80 * 1024), Some(16));
        assert!(pace.is_bulk());
        assert_eq!(polls_until_change(&mut pace, |_| 0), Some(64));
        assert!(!pace.is_bulk());
    }

    #[test]
    fn polls_that_move_nothing_between_large_ones_do_not_end_a_bulk_transfer() {
        let mut pace = Pace::default();
        let every_fourth = |poll| if poll % 4 == 0 { 160 * 1024 } else { 0 };
        assert!(polls_until_change(&mut pace, every_fourth).is_some());
        assert_eq!(polls_until_change(&mut pace, every_fourth), None);
    }

    #[test]
    fn short_messages_are_not_a_bulk_transfer_however_many_they_are() {
        assert_eq!(polls_until_change(&mut Pace::default(), |_| SHORT_POLL_BYTES), None);
    }
}

//! The deadlines of many clients, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A deadline for each of many clients. Moving a deadline later costs nothing until the earlier time has come, because an answer
/// moves the deadline of its client, and most deadlines never come.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// For each client, the earliest of its entries in the heap.
    earliest: Vec<Option<Instant>>,
}

impl Deadlines {
    /// Sees to it that `client` is returned by [`pop`](Self::pop) at `deadline`, or earlier.
    pub(super) fn set(&mut self, client: usize, deadline: Instant) {
        if self.earliest.len() <= client {
            self.earliest.resize(client + 1, None);
        }
        if self.earliest[client].is_none_or(|earliest| deadline < earliest) {
            self.earliest[client] = Some(deadline);
            self.heap.push(Reverse((deadline, client)));
        }
    }

    /// Returns the next time at which a deadline may have come.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// Removes and returns a client whose deadline may have come. The client tells its present deadline again.
    pub(super) fn pop(&mut self, now: Instant) -> Option<usize> {
        while self.next().is_some_and(|deadline| deadline <= now) {
            let Reverse((deadline, client)) = self.heap.pop()?;
            if self.earliest[client] == Some(deadline) {
                self.earliest[client] = None;
                return Some(client);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clients_come_in_the_order_of_their_earliest_deadlines() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        for (client, ms) in [(3, 30), (1, 10), (2, 20), (3, 5), (1, 40)] {
            deadlines.set(client, at(ms));
        }
        assert_eq!(deadlines.pop(at(4)), None);
        assert_eq!(deadlines.next(), Some(at(5)));
        let popped: Vec<usize> = std::iter::from_fn(|| deadlines.pop(at(100))).collect();
        assert_eq!(popped, [3, 1, 2]);
    }
}

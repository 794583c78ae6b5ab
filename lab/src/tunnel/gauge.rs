//! How long the tunnel holds bytes, measured by itself.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::side::Side;

/// How many of the latest ways are kept, there and back each.
const WAYS_MAX: usize = 255;

/// The latest ways since the settings were last changed.
#[derive(Debug)]
pub(super) struct Gauge {
    since: Instant,
    /// From the near side to the far one, and back: whose bytes, and how long they were held.
    ways: [VecDeque<(u64, Duration)>; 2],
}

/// How long bytes were held, by the latest ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// On the way there, at the median.
    pub there: Duration,
    /// On the way back, at the median.
    pub back: Duration,
    /// How many ways there, or back, whichever are fewer.
    pub samples: u64,
    /// How many connections they belong to.
    pub dialogues: u64,
}

impl Gauge {
    /// Has measured nothing yet.
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), ways: Default::default() }
    }

    /// How long ago the settings were last changed.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Records how long what a side of a connection sent was held, from being read to being handed on. What was sent
    /// before the settings changed says nothing about the new ones.
    pub(super) fn consumed(&mut self, connection: u64, sender: Side, read_at: Instant, handed_on: Instant) {
        if read_at < self.since {
            return;
        }
        let ways = &mut self.ways[sender as usize];
        if ways.len() == WAYS_MAX {
            ways.pop_front();
        }
        ways.push_back((connection, handed_on - read_at));
    }

    /// The median way there and the median way back; `None` before there was one of each.
    pub(super) fn held(&self) -> Option<Held> {
        let [there, back] = &self.ways;
        let samples = there.len().min(back.len()) as u64;
        let dialogues: HashSet<u64> = self.ways.iter().flatten().map(|(connection, _)| *connection).collect();
        Some(Held { there: median(there)?, back: median(back)?, samples, dialogues: dialogues.len() as u64 })
    }
}

fn median(ways: &VecDeque<(u64, Duration)>) -> Option<Duration> {
    let mut sorted: Vec<_> = ways.iter().map(|(_, held)| *held).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ways_there_and_back_are_those_of_how_many_dialogues() {
        let mut gauge = Gauge::new();
        let begin = gauge.since;
        let us = Duration::from_micros;
        assert_eq!(gauge.held(), None);
        for (connection, held) in [650, 640, 9_000].into_iter().enumerate() {
            gauge.consumed(connection as u64, Side::Near, begin, begin + us(held));
        }
        assert_eq!(gauge.held(), None);
        gauge.consumed(2, Side::Far, begin, begin + us(700));
        let expected = Held { there: us(650), back: us(700), samples: 1, dialogues: 3 };
        assert_eq!(gauge.held(), Some(expected));
        gauge.consumed(4, Side::Far, begin - us(1), begin);
        assert_eq!(gauge.held(), Some(expected));
    }
}

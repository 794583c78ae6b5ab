//! How long bytes really are on the wire, measured by the tunnel itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use launcelot_measure::wire::MeasuredRoundTrip;

use super::relay::Side;

/// So many of the latest ways are kept, there and back each.
const WAYS_MAX: usize = 255;

/// The latest ways since the wire was last changed.
#[derive(Debug)]
pub(super) struct Gauge {
    since: Instant,
    /// From the near side to the far one, and back.
    ways: [VecDeque<Duration>; 2],
}

impl Gauge {
    /// Has measured nothing yet.
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), ways: Default::default() }
    }

    /// Records how long what a side sent was held, from being read to being handed on. What was sent before the wire
    /// changed says nothing about the new one.
    pub(super) fn consumed(&mut self, sender: Side, read_at: Instant, handed_on: Instant) {
        if read_at < self.since {
            return;
        }
        let ways = &mut self.ways[sender as usize];
        if ways.len() == WAYS_MAX {
            ways.pop_front();
        }
        ways.push_back(handed_on - read_at);
    }

    /// The median way there and the median way back, together; `None` before there was one of each.
    pub(super) fn measured(&self) -> Option<MeasuredRoundTrip> {
        let [there, back] = &self.ways;
        let samples = there.len().min(back.len()) as u64;
        Some(MeasuredRoundTrip { rtt: median(there)? + median(back)?, samples })
    }
}

fn median(ways: &VecDeque<Duration>) -> Option<Duration> {
    let mut sorted: Vec<_> = ways.iter().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ways_there_and_back_make_the_round_trip() {
        let mut gauge = Gauge::new();
        let begin = gauge.since;
        assert_eq!(gauge.measured(), None);
        for us in [650, 640, 9_000] {
            gauge.consumed(Side::Near, begin, begin + Duration::from_micros(us));
        }
        assert_eq!(gauge.measured(), None);
        gauge.consumed(Side::Far, begin, begin + Duration::from_micros(700));
        let expected = MeasuredRoundTrip { rtt: Duration::from_micros(1_350), samples: 1 };
        assert_eq!(gauge.measured(), Some(expected));
        gauge.consumed(Side::Far, begin - Duration::from_secs(1), begin);
        assert_eq!(gauge.measured(), Some(expected));
    }
}

//! The delay that the tunnel adds to bytes, as the tunnel itself measures it.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use launcelot_measure::AddedDelay;

use super::side::Side;

/// How many of the latest samples are kept of each direction.
const SAMPLES_MAX: usize = 255;

/// The latest delays since the settings were last changed.
#[derive(Debug)]
pub(super) struct DelaySamples {
    since: Instant,
    /// The delays of the bytes that each side has sent.
    sent_by: [VecDeque<Sample>; 2],
}

#[derive(Debug)]
struct Sample {
    connection: u64,
    delay: Duration,
}

impl DelaySamples {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), sent_by: Default::default() }
    }

    /// Returns how long ago the settings were last changed.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Records the delay of bytes from `sender`, between the read and the first attempt to write them. Bytes that were
    /// read before the settings changed are left out.
    pub(super) fn record(&mut self, connection: u64, sender: Side, read_at: Instant, written_at: Instant) {
        if read_at < self.since {
            return;
        }
        let samples = &mut self.sent_by[sender as usize];
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(Sample { connection, delay: written_at - read_at });
    }

    /// Returns the median delays, or `None` before there is a sample of each direction.
    pub(super) fn medians(&self) -> Option<AddedDelay> {
        let [from_client, from_server] = &self.sent_by;
        let out = median(from_client)?;
        let back = median(from_server)?;
        let connections: HashSet<u64> = self.sent_by.iter().flatten().map(|sample| sample.connection).collect();
        Some(AddedDelay {
            total: out + back,
            out,
            back,
            samples: from_client.len().min(from_server.len()) as u64,
            connections: connections.len() as u64,
        })
    }
}

fn median(samples: &VecDeque<Sample>) -> Option<Duration> {
    let mut sorted: Vec<Duration> = samples.iter().map(|sample| sample.delay).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medians_need_a_sample_of_each_direction_and_none_from_before_a_change() {
        let mut samples = DelaySamples::new();
        let begin = samples.since;
        let us = Duration::from_micros;
        assert_eq!(samples.medians(), None);
        for (connection, delay) in [650, 640, 9_000].into_iter().enumerate() {
            samples.record(connection as u64, Side::Client, begin, begin + us(delay));
        }
        assert_eq!(samples.medians(), None);
        samples.record(2, Side::Server, begin, begin + us(700));
        let expected = AddedDelay { total: us(1_350), out: us(650), back: us(700), samples: 1, connections: 3 };
        assert_eq!(samples.medians(), Some(expected));
        samples.record(4, Side::Server, begin - us(1), begin);
        assert_eq!(samples.medians(), Some(expected));
    }
}

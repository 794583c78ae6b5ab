//! What a load finds out.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told from a longer one.
const LONGEST: Duration = Duration::from_secs(600);

/// How many digits of a latency are kept: it is known to a thousandth of itself.
const DIGITS: u8 = 3;

/// One run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How many clients were connected.
    pub clients: usize,
    /// How many of them were answered at all.
    pub served: usize,
    /// How many questions were asked and answered.
    pub questions: u64,
    /// From the first question to the last answer.
    pub elapsed: Duration,
    /// How long the served clients waited.
    pub latency: Latency,
    /// In an open loop, how much later than due the load itself asked: the latencies contain it.
    pub lateness: Latency,
}

impl Outcome {
    /// Questions answered in a second.
    pub fn questions_per_second(&self) -> f64 {
        self.questions as f64 / self.elapsed.as_secs_f64()
    }
}

/// A distribution of times, in a histogram of high dynamic range: it takes the same little memory
/// however many there are.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let longest = LONGEST.as_nanos() as u64;
        Self(Histogram::new_with_bounds(1, longest, DIGITS).expect("the bounds are two and the digits are few"))
    }
}

impl Latency {
    /// Adds one time.
    pub fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The time that so many percent did not exceed; 50 is the median. Zero if there is none.
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_percentile(percent))
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_known_to_a_thousandth() {
        let mut latency = Latency::default();
        for us in 1..=1000 {
            latency.record(Duration::from_micros(us));
        }
        for (percent, us) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1000.0)] {
            let found = latency.percentile(percent).as_secs_f64() * 1e6;
            assert!((found / us - 1.0).abs() < 0.001, "{percent}: {found}");
        }
        assert_eq!(latency.longest(), latency.percentile(100.0));
    }

    #[test]
    fn a_wait_beyond_all_measure_counts_as_the_longest() {
        let mut latency = Latency::default();
        latency.record(LONGEST * 2);
        assert!(latency.longest() >= LONGEST);
    }
}

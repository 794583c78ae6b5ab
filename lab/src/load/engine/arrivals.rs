//! When the dialogues of an open loop are due.

use std::time::Duration;

use fastrand::Rng;
use launcelot_measure::load::Arrivals;

/// The times at which dialogues are due, from the start of the window, without end.
#[derive(Debug)]
pub(super) struct ArrivalTimes {
    arrivals: Arrivals,
    rate: f64,
    random: Rng,
    /// The number of arrivals so far.
    count: u64,
    /// The time of the last arrival, in seconds.
    seconds: f64,
}

impl ArrivalTimes {
    pub(super) fn new(rate: u32, arrivals: Arrivals, seed: u64) -> Self {
        let rate = f64::from(rate.max(1));
        Self { arrivals, rate, random: Rng::with_seed(seed), count: 0, seconds: 0.0 }
    }
}

impl Iterator for ArrivalTimes {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.seconds = match self.arrivals {
            // Multiplied anew, so that rounding errors do not add up.
            Arrivals::Steady => self.count as f64 / self.rate,
            // The intervals of a Poisson process are distributed exponentially. `1 - random` is never 0.
            Arrivals::Poisson => self.seconds - (1.0 - self.random.f64()).ln() / self.rate,
        };
        self.count += 1;
        Some(Duration::from_secs_f64(self.seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_arrivals_have_equal_intervals_and_the_first_is_due_at_once() {
        let times: Vec<Duration> = ArrivalTimes::new(100, Arrivals::Steady, 1).take(4).collect();
        assert_eq!(times, [0, 10, 20, 30].map(Duration::from_millis));
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_as_much_variance_as_their_mean() {
        const SECONDS: usize = 1_000;
        let mut per_second = [0_u32; SECONDS];
        for time in ArrivalTimes::new(100, Arrivals::Poisson, 1) {
            let Some(count) = per_second.get_mut(time.as_secs() as usize) else { break };
            *count += 1;
        }
        let mean = per_second.iter().sum::<u32>() as f64 / SECONDS as f64;
        let square = |count: &u32| (f64::from(*count) - mean).powi(2);
        let variance = per_second.iter().map(square).sum::<f64>() / SECONDS as f64;
        assert!((98.0..102.0).contains(&mean) && (85.0..115.0).contains(&variance), "{mean} {variance}");
    }

    #[test]
    fn the_same_seed_gives_the_same_times() {
        let times = |seed| ArrivalTimes::new(100, Arrivals::Poisson, seed).take(10).collect::<Vec<_>>();
        assert_eq!(times(7), times(7));
        assert_ne!(times(7), times(8));
    }
}

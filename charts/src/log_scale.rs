//! A logarithmic time axis: short times and a long tail in one chart.

use std::time::Duration;

use launcelot_measure::unit::format_duration;

/// The smallest distance of two ticks, in percent of the axis. On an axis of 200 pixels, nearer labels would overlap.
const GAP_MIN: f64 = 19.5;

/// Sets of ticks, the densest first: their leading digits, and the factor between the successive powers that multiply the digits.
const TICKS: [(&[u64], u64); 6] =
    [(&[1, 2, 3, 4, 6], 10), (&[1, 2, 5], 10), (&[1, 3], 10), (&[1], 10), (&[1], 100), (&[1], 1_000)];

/// The shortest time for which an axis is made; shorter times count as 100 ns, because zero has no logarithm.
const SHORTEST_NS: u64 = 100;

/// The longest time for which an axis is made: about 32 years.
const LONGEST_NS: u64 = 1_000_000_000_000_000_000;

/// A logarithmic axis of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogScale {
    from_ns: u64,
    until_ns: u64,
}

impl LogScale {
    /// Returns an axis from `shortest` to `longest`, with a margin on both sides, that spans at least a factor of 3.
    pub fn to_fit(shortest: Duration, longest: Duration) -> Self {
        let ns =
            |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).clamp(SHORTEST_NS, LONGEST_NS);
        let from_ns = ns(shortest) / 10 * 9;
        Self { from_ns, until_ns: (ns(longest) / 10 * 11).max(from_ns * 3) }
    }

    /// Returns the position of a time, in percent of the axis.
    pub fn percent(&self, time: Duration) -> f64 {
        let log = |ns: u64| (ns as f64).ln();
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).clamp(self.from_ns, self.until_ns);
        (log(ns) - log(self.from_ns)) / (log(self.until_ns) - log(self.from_ns)) * 100.0
    }

    /// Returns the times of the ticks: the densest set of ticks whose labels do not overlap, or none if all sets are too dense.
    pub fn ticks(&self) -> Vec<Duration> {
        let ticks = |(digits, factor): (&[u64], u64)| -> Vec<Duration> {
            let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(factor));
            let all = powers.flat_map(|power| digits.iter().map(move |digit| power.saturating_mul(*digit)));
            let on_axis = all.filter(|ns| (self.from_ns..=self.until_ns).contains(ns));
            on_axis.map(Duration::from_nanos).collect()
        };
        let is_roomy =
            |ticks: &Vec<_>| ticks.windows(2).all(|pair| self.percent(pair[1]) - self.percent(pair[0]) >= GAP_MIN);
        TICKS.into_iter().map(ticks).find(is_roomy).unwrap_or_default()
    }

    /// Returns the label of a tick.
    pub fn label(tick: Duration) -> String {
        format_duration(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn a_factor_of_ten_has_the_same_width_everywhere() {
        let scale = LogScale::to_fit(us(10), us(10_000));
        let width = |from: u64| scale.percent(us(from * 10)) - scale.percent(us(from));
        assert!((width(10) - width(1_000)).abs() < 1e-9);
        assert!(scale.percent(us(10)) > 0.0 && scale.percent(us(10_000)) < 100.0);
        assert_eq!((scale.percent(us(0)), scale.percent(Duration::MAX)), (0.0, 100.0));
    }

    #[test]
    fn ticks_are_round_and_few() {
        let cases: [((u64, u64), &[&str]); 5] = [
            ((60, 60), &["60 µs", "100 µs"]),
            ((611_000, 627_000), &["600 ms", "1 s"]),
            ((45, 900), &["50 µs", "100 µs", "200 µs", "500 µs"]),
            ((45, 9_000), &["100 µs", "300 µs", "1 ms", "3 ms"]),
            ((0, 600_000_000), &["100 ns", "10 µs", "1 ms", "100 ms", "10 s"]),
        ];
        for ((shortest, longest), expected) in cases {
            let ticks = LogScale::to_fit(us(shortest), us(longest)).ticks();
            let labels: Vec<_> = ticks.into_iter().map(|tick| LogScale::label(tick).replace('\u{a0}', " ")).collect();
            assert_eq!(labels, expected, "{shortest} to {longest}");
        }
    }

    #[test]
    fn an_axis_for_any_two_times_contains_the_longer_one() {
        for (shortest, longest) in [(0, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            let scale = LogScale::to_fit(Duration::from_nanos(shortest), Duration::from_nanos(longest));
            let at = scale.percent(Duration::from_nanos(longest));
            assert!((0.0..=100.0).contains(&at), "{shortest} to {longest}: {at}");
        }
    }
}

//! A linear time axis from zero to a little after the longest time, with round ticks.

use std::time::Duration;

use launcelot_measure::Unit;

/// The largest number of ticks after zero. At 360 pixels, more labels would overlap.
const TICKS_MAX: u64 = 4;

/// The smallest distance of two ticks. The labels of an axis in microseconds have no decimals, so nearer ticks could have the same
/// label.
const STEP_MIN: Duration = Duration::from_micros(1);

/// The shortest axis: long enough for a tick after zero.
const SHORTEST: Duration = STEP_MIN;

/// Maximum length of an axis, in nanoseconds: about 32 years. Longer times end at the right edge.
const LONGEST_NS: u64 = 1_000_000_000_000_000_000;

/// A linear axis of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    end: Duration,
    step: Duration,
    unit: Unit,
}

impl Scale {
    /// Returns an axis from zero to a little more than `longest`, with ticks at multiples of 1, 2 or 5 times a power of ten.
    pub fn to_fit(longest: Duration) -> Self {
        let longest = u64::try_from(longest.max(SHORTEST).as_nanos()).unwrap_or(u64::MAX).min(LONGEST_NS);
        let step = Duration::from_nanos(round_up(longest.div_ceil(TICKS_MAX))).max(STEP_MIN);
        let end = Duration::from_nanos(longest + longest / 50);
        Self { end, step, unit: Unit::for_longest(end) }
    }

    /// Returns the times of the ticks, starting at zero.
    pub fn ticks(&self) -> impl Iterator<Item = Duration> {
        let Self { end, step, .. } = *self;
        std::iter::successors(Some(Duration::ZERO), move |last| last.checked_add(step))
            .take_while(move |tick| *tick <= end)
    }

    /// Returns the position of a moment, in percent of the axis; at most 100.
    pub fn percent(&self, at: Duration) -> f64 {
        (at.as_secs_f64() / self.end.as_secs_f64() * 100.0).min(100.0)
    }

    /// Returns the unit of the labels.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns the label of a tick: the number in the unit of the axis, without trailing zeros.
    pub fn label(&self, tick: Duration) -> String {
        let figure = self.unit.figure(tick);
        let figure = if figure.contains('.') { figure.trim_end_matches('0').trim_end_matches('.') } else { &figure };
        figure.to_owned()
    }
}

/// Rounds a number of nanoseconds up to 1, 2 or 5 times a power of ten.
fn round_up(nanos: u64) -> u64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if nanos <= factor * power {
                return factor * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let cases: [(u64, &[&str]); 8] = [
            (0, &["0", "1"]),
            (1_000, &["0", "1"]),
            (2_000, &["0", "1", "2"]),
            (873_000, &["0", "500"]),
            (1_305_000, &["0", "0.5", "1"]),
            (4_000_000, &["0", "1", "2", "3", "4"]),
            (211_000_000, &["0", "100", "200"]),
            (61_000_000_000, &["0", "20", "40", "60"]),
        ];
        for (nanos, expected) in cases {
            let scale = Scale::to_fit(Duration::from_nanos(nanos));
            let labels: Vec<_> = scale.ticks().map(|tick| scale.label(tick)).collect();
            assert_eq!(labels, expected, "{nanos}");
        }
    }

    #[test]
    fn the_longest_time_fits_and_ticks_are_few_at_any_length() {
        for nanos in [1, 999, 1_234_567, u64::MAX / 3, u64::MAX] {
            let longest = Duration::from_nanos(nanos);
            let scale = Scale::to_fit(longest);
            assert!(scale.percent(longest) <= 100.0);
            assert!(scale.ticks().count() <= usize::try_from(TICKS_MAX).unwrap() + 1, "{nanos}");
        }
    }
}

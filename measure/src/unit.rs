//! How a duration is written for people.

use std::time::Duration;

/// A unit of time, and with it how many decimals are worth showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// µs
    Microseconds,
    /// ms
    Milliseconds,
    /// s
    Seconds,
}

impl Unit {
    /// The unit in which `longest`, and everything beside it, is easiest to read and to compare.
    pub fn for_longest(longest: Duration) -> Self {
        match longest.as_nanos() {
            0..1_000_000 => Self::Microseconds,
            1_000_000..1_000_000_000 => Self::Milliseconds,
            _ => Self::Seconds,
        }
    }

    /// The sign of the unit.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// The number of `duration` in this unit, without the sign: whole microseconds, else three
    /// decimals. All figures of one unit therefore line up.
    pub fn figure(self, duration: Duration) -> String {
        let nanos = duration.as_nanos() as f64;
        match self {
            Self::Microseconds => format!("{:.0}", nanos / 1e3),
            Self::Milliseconds => format!("{:.3}", nanos / 1e6),
            Self::Seconds => format!("{:.3}", nanos / 1e9),
        }
    }

    /// The figure with its sign, a no-break space between.
    pub fn write(self, duration: Duration) -> String {
        format!("{}\u{a0}{}", self.figure(duration), self.sign())
    }
}

/// A duration on its own, in about three digits: `412 µs`, `1.31 ms`, `2.04 s`. Below 10 µs a
/// decimal is kept, below 1 µs nanoseconds are written.
pub fn readable(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    let (value, sign) = match nanos {
        0.0 => (0.0, "µs"),
        _ if nanos < 999.5 => (nanos, "ns"),
        _ if nanos < 999_500.0 => (nanos / 1e3, "µs"),
        _ if nanos < 999_500_000.0 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let decimals = match value {
        _ if value.fract() == 0.0 || value >= 99.95 => 0,
        _ if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}\u{a0}{sign}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_its_own_has_about_three_digits() {
        let cases = [
            (0, "0 µs"),
            (21, "21 ns"),
            (5_000, "5 µs"),
            (7_512, "7.51 µs"),
            (41_250, "41.2 µs"),
            (412_345, "412 µs"),
            (999_700, "1.00 ms"),
            (1_305_000, "1.30 ms"),
            (211_000_000, "211 ms"),
            (2_040_000_000, "2.04 s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(readable(Duration::from_nanos(nanos)).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn figures_beside_each_other_share_a_unit_and_their_decimals() {
        let unit = Unit::for_longest(Duration::from_micros(1_305));
        assert_eq!(unit.figure(Duration::from_micros(412)), "0.412");
        assert_eq!(unit.write(Duration::from_micros(1_305)), "1.305\u{a0}ms");
        assert_eq!(Unit::for_longest(Duration::from_micros(999)).figure(Duration::from_nanos(411_900)), "412");
    }
}

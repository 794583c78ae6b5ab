//! Durations and numbers, formatted for people.

use std::time::Duration;

use thousands::Separable as _;

use crate::run::Span;

/// A unit of time for a column of figures, with its number of decimals.
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
    /// Returns the unit for a column whose longest duration is `longest`: milliseconds from 1 ms up to 10 s, because the short time of
    /// a server would be shown as zero in seconds.
    pub fn for_longest(longest: Duration) -> Self {
        match longest.as_nanos() {
            0..1_000_000 => Self::Microseconds,
            1_000_000..10_000_000_000 => Self::Milliseconds,
            _ => Self::Seconds,
        }
    }

    /// Returns the symbol of the unit.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// Formats `duration` in this unit without the symbol. Microseconds have no decimals; milliseconds and seconds have three, so that
    /// all figures of one unit line up.
    pub fn figure(self, duration: Duration) -> String {
        let (nanos_per_digit, decimals) = self.digits();
        format_decimal(nanos(duration), nanos_per_digit * 10_u64.pow(decimals), decimals)
    }

    /// Formats the start, the end and the duration of a span. The ends are rounded first, so that the figures add up.
    pub fn figures(self, Span { from, until }: Span) -> [String; 3] {
        [self.figure(from), self.figure(until), self.figure_between(Span { from, until })]
    }

    /// Formats the duration of a span, the difference of its ends as [`figure`](Self::figure) formats them.
    pub fn figure_between(self, Span { from, until }: Span) -> String {
        self.figure(self.rounded(until).saturating_sub(self.rounded(from)))
    }

    /// Rounds a time to the last digit of a figure in this unit.
    fn rounded(self, time: Duration) -> Duration {
        let (nanos_per_digit, _) = self.digits();
        Duration::from_nanos(nanos(time).saturating_add(nanos_per_digit / 2) / nanos_per_digit * nanos_per_digit)
    }

    /// Returns the value of the last digit of a figure in nanoseconds, and the number of decimals.
    fn digits(self) -> (u64, u32) {
        match self {
            Self::Microseconds => (1_000, 0),
            Self::Milliseconds => (1_000, 3),
            Self::Seconds => (1_000_000, 3),
        }
    }

    /// Formats a duration for a sentence about a column of this unit: about three digits, in a unit no larger than the column's.
    pub fn in_sentence(self, duration: Duration) -> String {
        let (nanos_per_digit, decimals) = self.digits();
        let unit = nanos_per_digit * 10_u64.pow(decimals);
        // From 999.5 of this unit on, `format_duration` would use the next larger unit.
        if nanos(duration) / (unit / 10) < 9_995 {
            return format_duration(duration);
        }
        format!("{}\u{a0}{}", format_decimal(nanos(duration), unit, 0), self.symbol())
    }

    /// Formats `duration` with the symbol, separated by a no-break space.
    pub fn format(self, duration: Duration) -> String {
        format!("{}\u{a0}{}", self.figure(duration), self.symbol())
    }
}

/// Formats a single duration in about three digits: `412 µs`, `41.2 µs`, `1.31 ms`, `2.04 s`; below 1 µs in nanoseconds.
pub fn format_duration(duration: Duration) -> String {
    let nanos = nanos(duration);
    let (unit, symbol) = match nanos {
        0 | 1_000..999_500 => (1_000, "µs"),
        1..1_000 => (1, "ns"),
        999_500..999_500_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let decimals = match nanos.saturating_mul(1_000) / unit {
        value if nanos.is_multiple_of(unit) || value >= 99_950 => 0,
        9_995.. => 1,
        _ => 2,
    };
    format!("{}\u{a0}{symbol}", format_decimal(nanos, unit, decimals))
}

/// Formats `number / unit`, rounded to `decimals` decimals.
///
/// It computes with integers, because formatting floating-point numbers would be a tenth of a small page's code.
pub fn format_decimal(number: u64, unit: u64, decimals: u32) -> String {
    let power = 10_u64.pow(decimals);
    // Saturation loses only decimals of numbers that are too large to need them.
    let rounded = number.saturating_mul(power).saturating_add(unit / 2) / unit;
    if decimals == 0 {
        return rounded.to_string();
    }
    format!("{}.{:0width$}", rounded / power, rounded % power, width = decimals as usize)
}

/// Formats a share in percent: `42 %`, `99.97 %`, `<0.01 %`. Near 0 and 100 it keeps decimals, so that nearly all is not shown as
/// all. A no-break space separates the number from the sign.
pub fn format_percent(part: Duration, whole: Duration) -> String {
    let hundredths = nanos(part).saturating_mul(10_000) / nanos(whole).max(1);
    if hundredths == 0 && !part.is_zero() {
        return "<0.01\u{a0}%".to_owned();
    }
    let decimals = match hundredths {
        0 | 10_000.. | 100..9_900 => 0,
        1..10 | 9_990..10_000 => 2,
        _ => 1,
    };
    format!("{}\u{a0}%", format_decimal(hundredths, 100, decimals))
}

/// Formats an integer with thousands separators: `10,000`.
pub fn format_count(number: u64) -> String {
    number.separate_with_commas()
}

/// Formats a rate, such as dialogues a second, in about three digits: `0.52`, `6.4`, `64.1`, `12,345`.
pub fn format_rate(rate: f64) -> String {
    let hundredths = (rate * 100.0).round() as u64;
    match hundredths {
        0 => "0".to_owned(),
        1..100 => format_decimal(hundredths, 100, 2),
        100..10_000 => format_decimal(hundredths, 100, 1),
        _ => format_count(rate.round() as u64),
    }
}

/// Returns nanoseconds, at most 584 years of them.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_have_about_three_digits() {
        let rates = [0.0, 0.523, 6.44, 64.06, 640.4, 12_345.0];
        assert_eq!(rates.map(format_rate), ["0", "0.52", "6.4", "64.1", "640", "12,345"]);
    }

    #[test]
    fn a_single_duration_has_about_three_digits() {
        let cases = [
            (0, "0 µs"),
            (21, "21 ns"),
            (5_000, "5 µs"),
            (7_512, "7.51 µs"),
            (41_240, "41.2 µs"),
            (412_345, "412 µs"),
            (999_700, "1.00 ms"),
            (1_304_000, "1.30 ms"),
            (211_000_000, "211 ms"),
            (2_040_000_000, "2.04 s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(format_duration(Duration::from_nanos(nanos)).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn figures_of_a_column_share_a_unit_and_their_decimals() {
        let unit = Unit::for_longest(Duration::from_micros(1_305));
        assert_eq!(unit.figure(Duration::from_micros(412)), "0.412");
        assert_eq!(unit.format(Duration::from_micros(1_305)), "1.305\u{a0}ms");
        assert_eq!(Unit::for_longest(Duration::from_micros(999)).figure(Duration::from_nanos(411_900)), "412");
        assert_eq!(Unit::for_longest(Duration::from_secs(2)).figure(Duration::from_micros(90)), "0.090");
        assert_eq!(Unit::for_longest(Duration::from_secs(10)), Unit::Seconds);
    }

    #[test]
    fn the_duration_is_the_difference_of_the_ends_as_shown() {
        let nanos = Duration::from_nanos;
        let span = Span { from: nanos(970_400), until: nanos(1_038_600) };
        assert_eq!(Unit::Milliseconds.figures(span), ["0.970", "1.039", "0.069"]);
        assert_eq!(Unit::Milliseconds.figure(span.took()), "0.068", "which does not add up");
    }

    #[test]
    fn a_sentence_uses_no_larger_unit_than_its_column() {
        let ms = Unit::Milliseconds;
        let cases = [(1_853_155, "1853 ms"), (12_345, "12.3 ms"), (2, "2 µs"), (999_800, "1000 ms")];
        for (micros, expected) in cases {
            assert_eq!(ms.in_sentence(Duration::from_micros(micros)).replace('\u{a0}', " "), expected);
        }
        assert_eq!(Unit::Seconds.in_sentence(Duration::from_secs(12)), "12\u{a0}s");
    }

    proptest! {
        #[test]
        fn the_figures_of_a_span_add_up(from in 0_u64..20_000_000_000, took in 0_u64..20_000_000_000) {
            let span = Span { from: Duration::from_nanos(from), until: Duration::from_nanos(from + took) };
            for unit in [Unit::Microseconds, Unit::Milliseconds, Unit::Seconds] {
                let [from, until, took] = unit.figures(span).map(|figure| figure.replace('.', "").parse::<u64>().unwrap());
                prop_assert_eq!(until - from, took);
            }
        }
    }

    #[test]
    fn thousands_are_separated() {
        let numbers = [7, 999, 1_000, 151_957, 12_345_678].map(format_count);
        assert_eq!(numbers, ["7", "999", "1,000", "151,957", "12,345,678"]);
    }

    #[test]
    fn percentages_near_0_and_100_keep_decimals() {
        let cases = [
            (0, "0 %"),
            (1, "<0.01 %"),
            (10, "0.01 %"),
            (570, "0.6 %"),
            (9_300, "9 %"),
            (99_120, "99.1 %"),
            (99_970, "99.97 %"),
            (100_000, "100 %"),
        ];
        for (part, expected) in cases {
            assert_eq!(
                format_percent(Duration::from_micros(part), Duration::from_micros(100_000)).replace('\u{a0}', " "),
                expected
            );
        }
    }
}

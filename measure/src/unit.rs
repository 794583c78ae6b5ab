//! How a duration is written for people.

use std::time::Duration;

use crate::run::Span;

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
    /// The unit in which `longest`, and everything beside it, is easiest to read and to compare. Up to ten seconds that
    /// is milliseconds: what a server takes would be nothing in seconds.
    pub fn for_longest(longest: Duration) -> Self {
        match longest.as_nanos() {
            0..1_000_000 => Self::Microseconds,
            1_000_000..10_000_000_000 => Self::Milliseconds,
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
        let (nanos_per_digit, decimals) = self.digits();
        decimal(nanos(duration), nanos_per_digit * 10_u64.pow(decimals), decimals)
    }

    /// The figures of a span: when it began, when it ended, and how long it took. The ends are rounded first, so that what stands
    /// there adds up.
    pub fn figures(self, Span { from, until }: Span) -> [String; 3] {
        let (nanos_per_digit, _) = self.digits();
        let rounded = |at| nanos(at).saturating_add(nanos_per_digit / 2) / nanos_per_digit * nanos_per_digit;
        let [from, until] = [from, until].map(|at| Duration::from_nanos(rounded(at)));
        [from, until, until.saturating_sub(from)].map(|time| self.figure(time))
    }

    /// How many nanoseconds the last digit of a figure is, and how many decimals there are.
    fn digits(self) -> (u64, u32) {
        match self {
            Self::Microseconds => (1_000, 0),
            Self::Milliseconds => (1_000, 3),
            Self::Seconds => (1_000_000, 3),
        }
    }

    /// A duration in a sentence beside a column of this unit: in about three digits, but in no larger unit than the column.
    pub fn in_sentence(self, duration: Duration) -> String {
        let (nanos_per_digit, decimals) = self.digits();
        let unit = nanos_per_digit * 10_u64.pow(decimals);
        // From there on it would be rounded up to the next unit.
        if nanos(duration) / (unit / 10) < 9_995 {
            return readable(duration);
        }
        format!("{}\u{a0}{}", decimal(nanos(duration), unit, 0), self.sign())
    }

    /// The figure with its sign, a no-break space between.
    pub fn write(self, duration: Duration) -> String {
        format!("{}\u{a0}{}", self.figure(duration), self.sign())
    }
}

/// A duration on its own, in about three digits: `412 µs`, `41.2 µs`, `1.31 ms`, `2.04 s`. Below
/// 1 µs nanoseconds are written.
pub fn readable(duration: Duration) -> String {
    let nanos = nanos(duration);
    let (unit, sign) = match nanos {
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
    format!("{}\u{a0}{sign}", decimal(nanos, unit, decimals))
}

/// `number` in units of `unit`, rounded to so many decimals.
///
/// It calculates with whole numbers: what formats floating-point numbers is a tenth of a small page.
pub fn decimal(number: u64, unit: u64, decimals: u32) -> String {
    let power = 10_u64.pow(decimals);
    // A number that is too large to be multiplied has no use for decimals.
    let rounded = number.saturating_mul(power).saturating_add(unit / 2) / unit;
    if decimals == 0 {
        return rounded.to_string();
    }
    format!("{}.{:0width$}", rounded / power, rounded % power, width = decimals as usize)
}

/// A ratio with one decimal, as in `4.1`.
pub fn ratio(numerator: Duration, denominator: Duration) -> String {
    decimal(nanos(numerator), nanos(denominator).max(1), 1)
}

/// A part of a whole: `42 %`, `99.97 %`, `<0.01 %`. At the edges decimals are kept: nearly all is not all, and very
/// little is not nothing. A no-break space stands before the sign.
pub fn percent(part: Duration, whole: Duration) -> String {
    let hundredths = nanos(part).saturating_mul(10_000) / nanos(whole).max(1);
    if hundredths == 0 && !part.is_zero() {
        return "<0.01\u{a0}%".to_owned();
    }
    let decimals = match hundredths {
        0 | 10_000.. | 100..9_900 => 0,
        1..10 | 9_990..10_000 => 2,
        _ => 1,
    };
    format!("{}\u{a0}%", decimal(hundredths, 100, decimals))
}

/// A whole number, its thousands apart: `10,000`.
pub fn grouped(number: u64) -> String {
    let mut text = number.to_string();
    let mut place = text.len();
    while place > 3 {
        place -= 3;
        text.insert(place, ',');
    }
    text
}

/// Nanoseconds; 584 years are as long as it gets.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_on_its_own_has_about_three_digits() {
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
            assert_eq!(readable(Duration::from_nanos(nanos)).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn figures_beside_each_other_share_a_unit_and_their_decimals() {
        let unit = Unit::for_longest(Duration::from_micros(1_305));
        assert_eq!(unit.figure(Duration::from_micros(412)), "0.412");
        assert_eq!(unit.write(Duration::from_micros(1_305)), "1.305\u{a0}ms");
        assert_eq!(Unit::for_longest(Duration::from_micros(999)).figure(Duration::from_nanos(411_900)), "412");
        assert_eq!(Unit::for_longest(Duration::from_secs(2)).figure(Duration::from_micros(90)), "0.090");
        assert_eq!(Unit::for_longest(Duration::from_secs(10)), Unit::Seconds);
    }

    #[test]
    fn what_took_is_the_difference_of_the_ends_as_they_are_shown() {
        let nanos = Duration::from_nanos;
        let span = Span { from: nanos(970_400), until: nanos(1_038_600) };
        assert_eq!(Unit::Milliseconds.figures(span), ["0.970", "1.039", "0.069"]);
        assert_eq!(Unit::Milliseconds.figure(span.took()), "0.068", "which does not add up");
    }

    #[test]
    fn a_sentence_beside_a_column_is_in_no_larger_unit() {
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
    fn thousands_stand_apart() {
        let numbers = [7, 999, 1_000, 151_957, 12_345_678].map(grouped);
        assert_eq!(numbers, ["7", "999", "1,000", "151,957", "12,345,678"]);
    }

    #[test]
    fn nearly_all_is_not_all_and_very_little_is_not_nothing() {
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
                percent(Duration::from_micros(part), Duration::from_micros(100_000)).replace('\u{a0}', " "),
                expected
            );
        }
    }
}

//! Medians of rounds, and how far the rounds are apart.

/// One figure of several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Returns the spread of at least one figure; zeros of none.
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = match figures.len() {
            0 => 0.0,
            odd if odd % 2 == 1 => figures[middle],
            _ => f64::midpoint(figures[middle - 1], figures[middle]),
        };
        let least = figures.first().copied().unwrap_or_default();
        let most = figures.last().copied().unwrap_or_default();
        Self { median, least, most }
    }

    /// Formats the median and half of the range of the rounds in percent of it: `12.3 ±4%`. The unit stands in the heading.
    pub(super) fn text(self) -> String {
        let percent = if self.median > 0.0 { (self.most - self.least) / 2.0 / self.median * 100.0 } else { 0.0 };
        format!("{} ±{percent:.0}%", number(self.median))
    }
}

/// Formats a number in about three digits.
fn number(number: f64) -> String {
    match number {
        1000.0.. => launcelot_measure::unit::format_count(number.round() as u64),
        99.95.. => format!("{number:.0}"),
        9.995.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_with_half_of_the_range() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).text(), "2.00 ±50%");
        assert_eq!(Spread::of([40_000.0, 50_000.0, 60_000.0, 50_000.0]).text(), "50,000 ±20%");
        assert_eq!(Spread::of([12.34]).text(), "12.3 ±0%");
        assert_eq!(Spread::of([]).text(), "0.00 ±0%");
    }
}

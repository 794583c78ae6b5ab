//! Percentiles by rank: which of the sorted samples a percentile is, and whether there are enough of them.

/// A percentile: the sample that a given share of all samples does not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile {
    /// How many of 100,000: an exact decimal, since 99.9 / 100 is not 0.999 in binary floating point.
    per_100_000: u32,
    /// What it is called: `p99.9`.
    pub name: &'static str,
}

/// The percentiles that are shown, in their order.
pub const PERCENTILES: [Percentile; 5] =
    [Percentile::P50, Percentile::P90, Percentile::P99, Percentile::P99_9, Percentile::P99_99];

impl Percentile {
    /// The median.
    pub const P50: Self = Self { per_100_000: 50_000, name: "p50" };
    /// One of ten is longer.
    pub const P90: Self = Self { per_100_000: 90_000, name: "p90" };
    /// One of a hundred is longer.
    pub const P99: Self = Self { per_100_000: 99_000, name: "p99" };
    /// One of a thousand is longer.
    pub const P99_9: Self = Self { per_100_000: 99_900, name: "p99.9" };
    /// One of ten thousand is longer.
    pub const P99_99: Self = Self { per_100_000: 99_990, name: "p99.99" };

    /// Which of `count` sorted samples it is, from 1: the first that at least that share does not exceed (nearest rank).
    pub fn rank(self, count: u64) -> u64 {
        (u128::from(count) * u128::from(self.per_100_000)).div_ceil(100_000) as u64
    }

    /// Whether `count` samples carry it: at least one of them ranks above it, so that it is not just the longest.
    pub fn is_carried_by(self, count: u64) -> bool {
        self.rank(count) < count
    }

    /// How many of a hundred samples do not exceed it.
    pub fn percent(self) -> f64 {
        f64::from(self.per_100_000) / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_exact() {
        let cases = [
            (Percentile::P50, 1, 1),
            (Percentile::P50, 5, 3),
            (Percentile::P99, 100, 99),
            (Percentile::P99_9, 1_000, 999),
            (Percentile::P99_9, 10_000, 9_990),
            (Percentile::P99_99, 10_000, 9_999),
            (Percentile::P99_99, u64::MAX, 18_444_899_399_302_180_660),
        ];
        for (percentile, count, expected) in cases {
            assert_eq!(percentile.rank(count), expected, "{} of {count}", percentile.name);
        }
    }

    #[test]
    fn a_percentile_is_carried_from_the_count_on_that_has_one_sample_above_it() {
        let least = |percentile: Percentile| (1..).find(|count| percentile.is_carried_by(*count));
        assert_eq!(PERCENTILES.map(least), [2, 10, 100, 1_000, 10_000].map(Some));
        assert!(PERCENTILES.iter().all(|percentile| !percentile.is_carried_by(0)));
    }
}

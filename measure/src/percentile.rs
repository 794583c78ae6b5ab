//! Percentiles by nearest rank, and the number of samples that each of them needs.

/// A percentile: the sample that a given share of all samples does not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile {
    /// The share in 100,000ths: exact, because 99.9 / 100 is not 0.999 in binary floating point.
    per_100_000: u32,
    /// The name, such as `p99.9`.
    pub name: &'static str,
}

/// The percentiles that tables of runs and rounds show, in their order.
pub const PERCENTILES: [Percentile; 5] =
    [Percentile::P50, Percentile::P90, Percentile::P99, Percentile::P99_9, Percentile::P99_99];

/// The percentiles of a load. A cycle seldom has the samples for [`Percentile::P99_99`].
pub const LOAD_PERCENTILES: [Percentile; 5] =
    [Percentile::P50, Percentile::P90, Percentile::P95, Percentile::P99, Percentile::P99_9];

impl Percentile {
    /// The median.
    pub const P50: Self = Self { per_100_000: 50_000, name: "p50" };
    /// One sample in ten is longer.
    pub const P90: Self = Self { per_100_000: 90_000, name: "p90" };
    /// One sample in twenty is longer.
    pub const P95: Self = Self { per_100_000: 95_000, name: "p95" };
    /// One sample in a hundred is longer.
    pub const P99: Self = Self { per_100_000: 99_000, name: "p99" };
    /// One sample in a thousand is longer.
    pub const P99_9: Self = Self { per_100_000: 99_900, name: "p99.9" };
    /// One sample in ten thousand is longer.
    pub const P99_99: Self = Self { per_100_000: 99_990, name: "p99.99" };

    /// Returns the rank of the percentile among `count` sorted samples, from 1 (nearest rank).
    pub fn rank(self, count: u64) -> u64 {
        (u128::from(count) * u128::from(self.per_100_000)).div_ceil(100_000) as u64
    }

    /// Whether `count` samples are enough: at least one ranks above the percentile, so that it is not merely the maximum.
    pub fn is_supported_by(self, count: u64) -> bool {
        self.rank(count) < count
    }

    /// Returns the percentage of samples that do not exceed the percentile.
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
    fn a_percentile_needs_a_sample_that_ranks_above_it() {
        let least = |percentile: Percentile| (1..).find(|count| percentile.is_supported_by(*count));
        assert_eq!(PERCENTILES.map(least), [2, 10, 100, 1_000, 10_000].map(Some));
        assert!(PERCENTILES.iter().all(|percentile| !percentile.is_supported_by(0)));
    }
}

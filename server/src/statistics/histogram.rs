//! The histogram of how long answers took.

use std::time::Duration;

/// The upper bounds of the buckets in nanoseconds: 1, 2 and 5 of every decade from 50 ns to 10 s. One more bucket counts
/// what took longer.
pub const BOUNDS_NS: [u64; 26] = {
    let mut bounds = [0; 26];
    let mut decade = 10;
    let mut index = 0;
    while index < bounds.len() {
        // 5, then 1, 2 and 5 of the next decade, and so on.
        bounds[index] = match index % 3 {
            0 => 5 * decade,
            1 => 10 * decade,
            _ => 20 * decade,
        };
        if index % 3 == 2 {
            decade *= 10;
        }
        index += 1;
    }
    bounds
};

/// The last of the [bounds](BOUNDS_NS), in nanoseconds.
pub const LONGEST_BOUND_NS: u64 = BOUNDS_NS[BOUNDS_NS.len() - 1];

/// Returns the index of the bucket that counts durations of this length.
pub(super) fn bucket_of(duration_ns: u64) -> usize {
    BOUNDS_NS.partition_point(|bound| *bound < duration_ns)
}

/// A histogram of thinking times: for each question, the time from when it was complete until its answer was ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThinkingHistogram {
    /// The number of questions per bucket. A bucket counts times up to its bound in [`BOUNDS_NS`] and above the bound
    /// before; the last bucket counts times above all bounds.
    pub counts: [u64; BOUNDS_NS.len() + 1],
    /// The sum of the times of all questions.
    pub sum: Duration,
}

impl ThinkingHistogram {
    /// Returns the upper bound of the bucket that contains the given percentile, in nanoseconds. Returns `None` if the
    /// histogram is empty, or if the percentile is above the last bound.
    pub fn percentile_ns(&self, percent: u64) -> Option<u64> {
        let total: u64 = self.counts.iter().sum();
        if total == 0 {
            return None;
        }
        let rank = (total * percent).div_ceil(100).max(1);
        let mut cumulative = 0;
        for (bound, count) in BOUNDS_NS.into_iter().zip(self.counts) {
            cumulative += count;
            if cumulative >= rank {
                return Some(bound);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_go_from_50_nanoseconds_to_10_seconds() {
        assert_eq!(BOUNDS_NS[..5], [50, 100, 200, 500, 1_000]);
        assert_eq!(BOUNDS_NS.last(), Some(&10_000_000_000));
        assert!(BOUNDS_NS.is_sorted());
    }

    #[test]
    fn percentiles_are_upper_bounds_of_their_buckets() {
        let mut thinking = ThinkingHistogram::default();
        assert_eq!(thinking.percentile_ns(99), None, "an empty histogram has no percentiles");
        for (duration_ns, count) in [(50, 9), (51, 3), (11_000_000_000, 3)] {
            thinking.counts[bucket_of(duration_ns)] += count;
        }
        let percentiles = [50, 60, 61, 80, 81].map(|percent| thinking.percentile_ns(percent));
        assert_eq!(percentiles, [Some(50), Some(50), Some(100), Some(100), None]);
    }
}

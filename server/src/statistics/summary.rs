//! The statistics as one or two lines of text.

use std::fmt;
use std::time::Duration;

use crate::statistics::histogram::{LONGEST_BOUND_NS, ThinkingHistogram};
use crate::statistics::totals::Totals;

/// One line with the counters, and a second one about thinking if there were any questions.
impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, open, questions, unknown, bytes_in, bytes_out, thinking } = self;
        write!(
            formatter,
            "connections: {connections} ({open} open), questions: {questions} ({unknown} unknown), \
             bytes: {bytes_in} in, {bytes_out} out"
        )?;
        if *questions > 0 {
            write!(formatter, "\nthinking: {thinking}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ThinkingHistogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: u64 = self.counts.iter().sum();
        let mean_ns = self.sum.as_nanos() / u128::from(count.max(1));
        write!(formatter, "mean {:?}", Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX)))?;
        for percent in [50, 99] {
            match self.percentile_ns(percent) {
                Some(bound) => write!(formatter, ", {percent} % within {:?}", Duration::from_nanos(bound))?,
                None => write!(formatter, ", {percent} % beyond {:?}", Duration::from_nanos(LONGEST_BOUND_NS))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::histogram::BOUNDS_NS;

    #[test]
    fn the_summary_has_two_lines_or_one_if_there_were_no_questions() {
        let mut totals = Totals { connections: 3, open: 1, questions: 4, unknown: 1, ..Totals::default() };
        totals.thinking.counts[1] = 3;
        totals.thinking.counts[BOUNDS_NS.len()] = 1;
        totals.thinking.sum = Duration::new(12, 300);
        let expected = "connections: 3 (1 open), questions: 4 (1 unknown), bytes: 0 in, 0 out\n\
                        thinking: mean 3.000000075s, 50 % within 100ns, 99 % beyond 10s";
        assert_eq!(totals.to_string(), expected);
        assert_eq!(Totals::default().to_string().lines().count(), 1);
    }
}

//! The latencies of a load as an HdrHistogram log, version 1.3: a line for each cycle and each latency, distinguished by tags.
//!
//! Values are in nanoseconds, and `Interval_Max` is in milliseconds, as tools expect it.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::result::{CycleResult, LoadResult};
use crate::distribution::Distribution;

/// The number of significant digits.
const DIGITS: u8 = 3;

/// Maximum time with a bin of its own: 39 hours.
const LONGEST_NS: u64 = 1 << 47;

/// Returns the log. Each line is an interval that begins at 0 and lasts as long as the window of its cycle.
pub fn log(result: &LoadResult) -> String {
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("[Values are in nanoseconds, Interval_Max in milliseconds. Tags are server.level.round.latency.]")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut text, &mut serializer)
        .expect("writing to memory cannot fail");
    for cycle in &result.cycles {
        let window = cycle.end.as_ref().map_or(Duration::ZERO, |end| end.window);
        let latencies = [
            ("question", &cycle.counts.question_latency),
            ("first-answer", &cycle.counts.first_answer_latency),
            ("dialogue", &cycle.counts.dialogue_latency),
        ];
        for (name, latency) in latencies {
            let tag = tag(result, cycle, name);
            log.write_histogram(&histogram(latency), Duration::ZERO, window, Tag::new(&tag))
                .expect("writing to memory cannot fail");
        }
    }
    String::from_utf8(text).expect("the log is text")
}

/// Returns a tag, which must have neither commas nor white space.
fn tag(result: &LoadResult, CycleResult { cycle, .. }: &CycleResult, latency: &str) -> String {
    let server = result.plan.servers.get(cycle.server as usize).map_or("unknown", |server| &server.name);
    let is_forbidden = |character: char| character == ',' || character.is_whitespace();
    format!("{}.{}.{}.{latency}", server.replace(is_forbidden, "-"), cycle.level.number(), cycle.round + 1)
}

fn histogram(latency: &Distribution) -> Histogram<u32> {
    let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds are in order");
    for (time, count) in latency.times() {
        histogram.saturating_record_n(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), count);
    }
    histogram
}

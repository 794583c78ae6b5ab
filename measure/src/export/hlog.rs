//! Rounds as an HdrHistogram log, version 1.3: a line for each of them and each stopwatch, told apart by tags.
//!
//! Times are counted in nanoseconds, and the longest is written in milliseconds, as tools expect it.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::document::Document;
use crate::rounds::{Rounds, Stopwatch};

/// How many digits of a time are kept.
const DIGITS: u8 = 3;

/// The longest time that has a place of its own: 39 hours.
const LONGEST_NS: u64 = 1 << 47;

/// What each stopwatch is called in a tag.
const STOPWATCHES: [(&str, Stopwatch); 3] =
    [("since-asked", Stopwatch::Question), ("since-connecting", Stopwatch::Connecting), ("since-due", Stopwatch::Due)];

/// All rounds of the document. Each log line is an interval that begins at 0 and lasts as long as its
/// rounds took one after the other.
pub fn log(document: &Document) -> String {
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("[Values are in nanoseconds, Interval_Max in milliseconds. Warm-up is left out.]")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut text, &mut serializer)
        .expect("memory takes everything");
    for rounds in &document.rounds {
        for (name, stopwatch) in STOPWATCHES {
            let tag = tag(&rounds.name, name);
            log.write_histogram(&histogram(rounds, stopwatch), Duration::ZERO, took(rounds), Tag::new(&tag))
                .expect("memory takes every histogram");
        }
    }
    String::from_utf8(text).expect("text was written")
}

fn histogram(rounds: &Rounds, stopwatch: Stopwatch) -> Histogram<u32> {
    let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds are in order");
    for time in rounds.times(stopwatch) {
        histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }
    histogram
}

/// How long the rounds took one after the other.
fn took(rounds: &Rounds) -> Duration {
    match rounds.plan.pace {
        Some(pace) => pace.saturating_mul(rounds.samples().len() as u32),
        None => rounds.times(Stopwatch::Due).sum(),
    }
}

/// What a line is told apart by. A tag ends at the first comma and may not have white space.
fn tag(name: &str, stopwatch: &str) -> String {
    let is_none = |character: char| character == ',' || character.is_whitespace();
    [&name.replace(is_none, "-"), ".", stopwatch].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_neither_commas_nor_spaces() {
        assert_eq!(tag("Long, wire\n2", "since-due"), "Long--wire-2.since-due");
    }
}

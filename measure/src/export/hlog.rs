//! Rounds as an HdrHistogram log, version 1.3: a line for each series and each stopwatch, distinguished by tags.
//!
//! Values are in nanoseconds. `Interval_Max` is in milliseconds, the unit that tools for such logs expect.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::document::Document;
use crate::round::Stopwatch;
use crate::rounds::Rounds;
use crate::server_work::ServerWork;

/// The number of significant digits.
const DIGITS: u8 = 3;

/// The longest time that a histogram can count; longer times count as this one. 39 hours, in nanoseconds.
const LONGEST_NS: u64 = 1 << 47;

/// The name of each stopwatch in a tag.
const STOPWATCHES: [(&str, Stopwatch); 3] =
    [("since-asked", Stopwatch::Question), ("since-connecting", Stopwatch::Connecting), ("since-due", Stopwatch::Due)];

/// Writes all series of rounds of the document. Each log line is an interval that begins at 0 and lasts as long as the rounds of the
/// series took one after the other.
pub fn log(document: &Document) -> String {
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("[Values are in nanoseconds, Interval_Max in milliseconds. Warm-up is left out.]")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut text, &mut serializer)
        .expect("writing to memory cannot fail");
    for rounds in &document.rounds {
        let interruptions = rounds.interruptions.describe().map(str::to_owned);
        let work = rounds.server_work.and_then(ServerWork::describe);
        for note in [work, interruptions].into_iter().flatten() {
            log.write_comment(&comment(&rounds.name, &note)).expect("writing to memory cannot fail");
        }
        for (name, stopwatch) in STOPWATCHES {
            let tag = tag(&rounds.name, name);
            log.write_histogram(&histogram(rounds, stopwatch), Duration::ZERO, took(rounds), Tag::new(&tag))
                .expect("writing to memory cannot fail");
        }
    }
    String::from_utf8(text).expect("the log is text")
}

fn histogram(rounds: &Rounds, stopwatch: Stopwatch) -> Histogram<u32> {
    let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds are in order");
    for time in rounds.times(stopwatch) {
        histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }
    histogram
}

/// Returns how long the sampled rounds took one after the other: by the pace, if the series has one.
fn took(rounds: &Rounds) -> Duration {
    match rounds.plan.pace {
        Some(pace) => pace.saturating_mul(rounds.samples().len() as u32),
        None => rounds.times(Stopwatch::Due).sum(),
    }
}

/// Returns a comment about a series, which comes before its lines.
fn comment(name: &str, text: &str) -> String {
    format!("[{}: {text}]", name.replace(char::is_control, " "))
}

/// Builds the tag of a line from the name of a series and its stopwatch. Commas and white space become `-`, because the format
/// does not allow them in a tag.
fn tag(name: &str, stopwatch: &str) -> String {
    let is_forbidden = |character: char| character == ',' || character.is_whitespace();
    [&name.replace(is_forbidden, "-"), ".", stopwatch].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_neither_commas_nor_white_space() {
        assert_eq!(tag("Long, link\n2", "since-due"), "Long--link-2.since-due");
    }
}

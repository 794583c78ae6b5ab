//! HdrHistogram logs, version 1.3: what the logs of rounds and of loads have in common.
//!
//! Values are in nanoseconds. `Interval_Max` is in milliseconds, the unit that tools for such logs expect. The first histogram has no
//! tag, because HdrHistogram's `HistogramLogProcessor` reads only lines without a tag unless it is given one; all others have tags.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

/// The number of significant digits.
const DIGITS: u8 = 3;

/// The longest time that a histogram can count; longer times count as this one. 39 hours, in nanoseconds.
const LONGEST_NS: u64 = 1 << 47;

/// The shortest interval that a log can state, because it has three decimals of a second. Tools divide by the length.
const INTERVAL_MIN: Duration = Duration::from_millis(1);

/// Histograms of the same interval.
pub(crate) struct Series {
    /// The first part of the tags. It may have any characters, and may be that of another series too.
    pub(crate) name: String,
    /// Comments, which come before the histograms.
    pub(crate) notes: Vec<String>,
    /// The begin of the interval, since the start of the log.
    pub(crate) begin: Duration,
    /// The length of the interval.
    pub(crate) length: Duration,
    /// The histograms, each with the last part of its tag. One without values is left out.
    pub(crate) histograms: Vec<(&'static str, Histogram<u32>)>,
}

/// Returns an empty histogram of times in nanoseconds.
pub(crate) fn histogram() -> Histogram<u32> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds are in order")
}

/// Records a time that was measured `count` times.
pub(crate) fn record(histogram: &mut Histogram<u32>, time: Duration, count: u32) {
    histogram.saturating_record_n(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), count);
}

/// Writes a log that began at `began` since 1970, if that is known. `comment` is about the whole log.
pub(crate) fn write(comment: &str, began: Option<Duration>, all: &[Series]) -> String {
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(&format!("[Values are in nanoseconds, Interval_Max in milliseconds. {comment}]"))
        .with_max_value_divisor(1e6);
    if let Some(began) = began {
        let began = SystemTime::UNIX_EPOCH + began;
        builder.with_start_time(began).with_base_time(began);
    }
    let mut log = builder.begin_log_with(&mut text, &mut serializer).expect("writing to memory cannot fail");
    let mut names = Vec::new();
    let mut is_first = true;
    for series in all {
        let name = unused_name(&series.name, &names);
        for note in &series.notes {
            let note = format!("[{name}: {}]", one_line(note));
            log.write_comment(&note).expect("writing to memory cannot fail");
        }
        for (stopwatch, histogram) in series.histograms.iter().filter(|(_, histogram)| !histogram.is_empty()) {
            let tag = format!("{name}.{stopwatch}");
            if is_first {
                log.write_comment(&format!("[The line without a tag is {tag}]"))
                    .expect("writing to memory cannot fail");
            }
            let tag = if is_first { None } else { Tag::new(&tag) };
            is_first = false;
            log.write_histogram(histogram, series.begin, series.length.max(INTERVAL_MIN), tag)
                .expect("writing to memory cannot fail");
        }
        names.push(name);
    }
    String::from_utf8(text).expect("the log is text")
}

/// Returns a name without commas and white space, which a tag must not have, that is not among `used`.
fn unused_name(name: &str, used: &[String]) -> String {
    let is_forbidden = |character: char| character == ',' || character.is_whitespace();
    let name = name.replace(is_forbidden, "-");
    let mut unused = name.clone();
    let mut number = 1;
    while used.contains(&unused) {
        number += 1;
        unused = format!("{name}-{number}");
    }
    unused
}

/// Returns text for a comment. Readers disagree about which characters end a line.
fn one_line(text: &str) -> String {
    text.replace(|character: char| character != '\u{a0}' && (character.is_control() || character.is_whitespace()), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, times: &[u64]) -> Series {
        let mut counted = histogram();
        times.iter().for_each(|ms| record(&mut counted, Duration::from_millis(*ms), 1));
        let histograms = vec![("a", counted.clone()), ("b", counted)];
        let (begin, length) = (Duration::from_secs(2), Duration::ZERO);
        Series { name: name.to_owned(), notes: vec!["one\u{2028}\ntwo".to_owned()], begin, length, histograms }
    }

    /// Returns the lines without what follows the maximum.
    fn lines(all: &[Series]) -> Vec<String> {
        let log = write("About.", Some(Duration::from_millis(1_500)), all);
        log.lines().map(|line| line.split(",HIST").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn only_the_first_line_has_no_tag_and_series_of_one_name_have_tags_of_their_own() {
        let all = [series("x y", &[]), series("x,y", &[3]), series("x-y", &[4, 5])];
        let expected = [
            "#[Histogram log format version 1.3]",
            "#[Values are in nanoseconds, Interval_Max in milliseconds. About.]",
            "#[StartTime: 1.500 (seconds since epoch)]",
            "#[BaseTime: 1.500 (seconds since epoch)]",
            "#[MaxValueDivisor: 1000000.000]",
            "#[x-y: one  two]",
            "#[x-y-2: one  two]",
            "#[The line without a tag is x-y-2.a]",
            "2.000,0.001,3.000",
            "Tag=x-y-2.b,2.000,0.001,3.000",
            "#[x-y-3: one  two]",
            "Tag=x-y-3.a,2.000,0.001,5.001",
            "Tag=x-y-3.b,2.000,0.001,5.001",
        ];
        assert_eq!(lines(&all), expected);
    }

    #[test]
    fn a_log_of_which_no_begin_is_known_has_no_start_time() {
        assert!(!write("", None, &[series("x", &[3])]).contains("Time:"));
    }

    #[test]
    fn a_time_beyond_the_bounds_counts_as_the_longest() {
        let mut counted = histogram();
        record(&mut counted, Duration::MAX, 2);
        assert_eq!(counted.len(), 2);
    }
}

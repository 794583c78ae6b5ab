//! Rounds as an HdrHistogram log: a line for each series and each stopwatch, distinguished by tags.

use std::time::Duration;

use super::document::Document;
use crate::hlog::{self, Series};
use crate::round::Stopwatch;
use crate::rounds::Rounds;
use crate::server_work::ServerWork;
use crate::timestamp::Timestamp;

/// The name of each stopwatch in a tag.
const STOPWATCHES: [(&str, Stopwatch); 3] =
    [("since-asked", Stopwatch::Question), ("since-connecting", Stopwatch::Connecting), ("since-due", Stopwatch::Due)];

/// Writes all series of rounds of the document. Each log line is an interval that lasts as long as the rounds of the series took one
/// after the other.
pub fn log(document: &Document) -> String {
    let began = document.rounds.iter().filter_map(since_1970).min();
    let series: Vec<Series> = document.rounds.iter().map(|rounds| of_rounds(rounds, began)).collect();
    hlog::write("Warm-up is left out.", began, &series)
}

fn since_1970(rounds: &Rounds) -> Option<Duration> {
    rounds.provenance.began.map(Timestamp::since_1970)
}

/// Returns a series of a log that began at `log_began`. A series that began at an unknown time begins with the log.
fn of_rounds(rounds: &Rounds, log_began: Option<Duration>) -> Series {
    let mut notes = rounds.provenance.describe();
    notes.extend(rounds.link.describe());
    if !rounds.failures.is_empty() {
        notes.push(format!("failed: {}", rounds.failures.describe()));
    }
    notes.extend(rounds.server_work.and_then(ServerWork::describe));
    notes.extend(rounds.interruptions.describe().map(str::to_owned));
    let histograms = STOPWATCHES.map(|(name, stopwatch)| (name, histogram(rounds, stopwatch)));
    let begin = since_1970(rounds).zip(log_began).map(|(began, log_began)| began.saturating_sub(log_began));
    let begin = begin.unwrap_or_default();
    Series { name: rounds.name.clone(), notes, begin, length: took(rounds), histograms: histograms.into() }
}

fn histogram(rounds: &Rounds, stopwatch: Stopwatch) -> hdrhistogram::Histogram<u32> {
    let mut histogram = hlog::histogram();
    for time in rounds.times(stopwatch) {
        hlog::record(&mut histogram, time, 1);
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

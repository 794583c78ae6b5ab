//! Rounds as an HdrHistogram log: a line for each series and each stopwatch, distinguished by tags.

use std::time::Duration;

use super::document::Document;
use crate::hlog::{self, Series};
use crate::round::Stopwatch;
use crate::rounds::Rounds;
use crate::server_work::ServerWork;

/// The name of each stopwatch in a tag.
const STOPWATCHES: [(&str, Stopwatch); 3] =
    [("since-asked", Stopwatch::Question), ("since-connecting", Stopwatch::Connecting), ("since-due", Stopwatch::Due)];

/// Writes all series of rounds of the document. Each log line is an interval that lasts as long as the rounds of the series took one
/// after the other.
pub fn log(document: &Document) -> String {
    let series: Vec<Series> = document.rounds.iter().map(of_rounds).collect();
    hlog::write("Warm-up is left out.", None, &series)
}

fn of_rounds(rounds: &Rounds) -> Series {
    let mut notes = Vec::new();
    notes.extend(rounds.server_work.and_then(ServerWork::describe));
    notes.extend(rounds.interruptions.describe().map(str::to_owned));
    let histograms = STOPWATCHES.map(|(name, stopwatch)| (name, histogram(rounds, stopwatch)));
    let begin = Duration::ZERO;
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

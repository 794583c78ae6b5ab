//! The latencies of a load as an HdrHistogram log: a line for each cycle and each latency, distinguished by tags.

use std::time::Duration;

use super::result::{CycleResult, LoadResult, Provenance};
use crate::distribution::Distribution;
use crate::hlog::{self, Series};
use crate::timestamp::Timestamp;

/// Returns the log. Each line is an interval that begins with the log and lasts as long as the window of its cycle.
pub fn log(result: &LoadResult) -> String {
    let began = result.provenance.iter().filter_map(began).min();
    let series: Vec<Series> = result.cycles.iter().map(|cycle| of_cycle(result, cycle)).collect();
    hlog::write("Tags are server.level.round.latency.", began, &series)
}

fn began(provenance: &Provenance) -> Option<Duration> {
    let began: Timestamp = provenance.begun.parse().ok()?;
    Some(began.since_1970())
}

fn of_cycle(result: &LoadResult, CycleResult { cycle, counts, end }: &CycleResult) -> Series {
    let server = result.plan.servers.get(cycle.server as usize).map_or("unknown", |server| &server.name);
    Series {
        name: format!("{server}.{}.{}", cycle.level.number(), cycle.round + 1),
        notes: Vec::new(),
        begin: Duration::ZERO,
        // The length of a window whose end was not recorded is that of the plan.
        length: end.as_ref().map_or(result.plan.duration, |end| end.window),
        histograms: vec![
            ("question", histogram(&counts.question_latency)),
            ("first-answer", histogram(&counts.first_answer_latency)),
            ("dialogue", histogram(&counts.dialogue_latency)),
        ],
    }
}

fn histogram(latency: &Distribution) -> hdrhistogram::Histogram<u32> {
    let mut histogram = hlog::histogram();
    for (time, count) in latency.times() {
        hlog::record(&mut histogram, time, count);
    }
    histogram
}

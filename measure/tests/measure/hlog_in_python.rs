//! HdrHistogram logs, read with PyPI's `hdrhistogram`. `cargo xtask test` runs these tests where that is installed.

use std::fs;
use std::process::Command;

use launcelot_measure::export::hlog;
use launcelot_measure::load;
use serde_json::{Value, json};

/// Prints the intervals of a log as JSON: tag, begin and end in milliseconds since 1970, number of values, median and maximum.
const READ: &str = "
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 1 << 47, 3))
intervals = []
while (read := reader.get_next_interval_histogram()) is not None:
    times = [round(read.get_start_time_stamp()), round(read.get_end_time_stamp())]
    values = [read.get_total_count(), read.get_value_at_percentile(50), read.get_max_value()]
    intervals.append([read.get_tag(), *times, *values])
print(json.dumps(intervals))
";

fn read(log: &str) -> Value {
    let python = std::env::var_os("LAUNCELOT_HDRHISTOGRAM").expect("`cargo xtask test` sets LAUNCELOT_HDRHISTOGRAM");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.hlog");
    fs::write(&file, log).unwrap();
    let output = Command::new(python).args(["-c", READ]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs PyPI's hdrhistogram, which `cargo xtask test --install` installs"]
fn a_log_of_rounds_has_every_series_and_stopwatch() {
    let intervals = read(&hlog::log(&crate::export::document()));
    let tag = |series: &str, stopwatch: &str| format!("A-thousand--\"long\"{series}.{stopwatch}");
    let began: u64 = 1_795_790_583_250;
    let expected = json!([
        [null, began, began + 248, 900, 55_007, 100_031],
        [tag("", "since-connecting"), began, began + 248, 900, 165_119, 300_031],
        [tag("", "since-due"), began, began + 248, 900, 275_199, 500_223],
        [tag("-2", "since-asked"), began, began + 1_800, 900, 55_007, 100_031],
        [tag("-2", "since-connecting"), began, began + 1_800, 900, 165_119, 300_031],
        [tag("-2", "since-due"), began, began + 1_800, 900, 275_199, 500_223],
    ]);
    assert_eq!(intervals, expected);
}

#[test]
#[ignore = "needs PyPI's hdrhistogram, which `cargo xtask test --install` installs"]
fn a_log_of_a_load_has_every_cycle_and_latency() {
    let result = load::from_json(include_str!("../fixtures/load-1.json")).unwrap();
    let intervals = read(&load::hlog::log(&result));
    let intervals = intervals.as_array().unwrap();
    assert_eq!(intervals[0], json!([null, 1_795_773_600_000_u64, 1_795_773_602_000_u64, 40, 1_000_447, 1_000_447]));
    assert_eq!(intervals[5][0], "simple.5.2.dialogue");
    assert_eq!(intervals.len(), 3 * result.cycles.len());
}

//! The results of a load as a table for a terminal, at most 80 columns wide.

use std::time::Duration;

use launcelot_measure::load::summary::Cell;
use launcelot_measure::load::{Level, LoadResult, LoadSummary};
use launcelot_measure::unit::format_duration;
use launcelot_measure::{Distribution, Percentile};

/// The width of the column with the names of the servers.
const NAME_COLUMNS: usize = 14;

/// Returns the table: a row for each server and level.
pub fn table(result: &LoadResult) -> String {
    let summary = LoadSummary::of(result);
    let level = match summary.levels.first() {
        Some(Level::Rate(_)) => "rate",
        _ => "clients",
    };
    let mut text = format!(
        "{:NAME_COLUMNS$} {level:>7} {:>9} {:>8} {:>8} {:>9} {:>8} {:>9}\n",
        "", "dialogues", "question", "", "first", "", "server"
    );
    text += &format!(
        "{:NAME_COLUMNS$} {:>7} {:>9} {:>8} {:>8} {:>9} {:>8} {:>9}\n",
        "server", "", "a second", "p50", "p99", "answer", "failures", "µs/answer"
    );
    for server in &summary.servers {
        for cell in server.cells.iter().filter(|cell| is_measured(cell)) {
            text += &row(&server.name, cell);
        }
    }
    text
}

/// Returns how a cycle ended, for a line of its own.
pub fn describe_cell(cell: &Cell) -> String {
    let rate = cell.dialogues_per_s.map_or("nothing".to_owned(), |rate| format_rate(rate.median));
    let counts = &cell.counts;
    let median = format_percentile(&counts.question_latency, Percentile::P50);
    let mut text = format!("{rate} dialogues/s, question p50 {median}");
    let failures = counts.failures.count();
    if failures > 0 {
        text += &format!(", {failures} failures");
    }
    if let Some(ended) = cell.server_ended.first() {
        text += &format!(", the server {ended}");
    }
    text
}

fn is_measured(cell: &Cell) -> bool {
    !cell.rounds.is_empty() || !cell.server_ended.is_empty()
}

fn row(name: &str, cell: &Cell) -> String {
    let counts = &cell.counts;
    let level = cell.level.number();
    let rate = cell.dialogues_per_s.map_or("–".to_owned(), |rate| format_rate(rate.median));
    let median = format_percentile(&counts.question_latency, Percentile::P50);
    let p99 = format_percentile(&counts.question_latency, Percentile::P99);
    let first = format_percentile(&counts.first_answer_latency, Percentile::P50);
    let failures = counts.failures.count();
    let processor = cell.server.and_then(|server| server.processor_us_per_question);
    let processor = processor.map_or("–".to_owned(), |us| format!("{us:.1}"));
    let mut name = shortened(name);
    if !cell.server_ended.is_empty() {
        name = shortened(&format!("† {name}"));
    }
    format!("{name:NAME_COLUMNS$} {level:>7} {rate:>9} {median:>8} {p99:>8} {first:>9} {failures:>8} {processor:>9}\n")
}

/// Returns a name that fits its column. The end is kept, where ports are.
fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_COLUMNS {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length + 1 - NAME_COLUMNS).collect();
    format!("…{end}")
}

/// Returns a rate with about three digits.
pub fn format_rate(rate: f64) -> String {
    match rate {
        0.0..10.0 => format!("{rate:.2}"),
        10.0..100.0 => format!("{rate:.1}"),
        _ => launcelot_measure::unit::format_count(rate.round() as u64),
    }
}

/// Returns the median of times; a dash if there are none.
pub(super) fn median(times: &Distribution) -> String {
    format_percentile(times, Percentile::P50)
}

fn format_percentile(times: &Distribution, percentile: Percentile) -> String {
    times.percentile(percentile).map_or("–".to_owned(), format_time)
}

fn format_time(time: Duration) -> String {
    format_duration(time).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(shortened("simple"), "simple");
        assert_eq!(shortened("server.example.org:1060"), "…mple.org:1060");
        assert_eq!(shortened("server.example.org:1060").chars().count(), NAME_COLUMNS);
    }

    #[test]
    fn rates_have_about_three_digits() {
        for (rate, text) in [(0.5, "0.50"), (12.34, "12.3"), (123.4, "123"), (12_345.6, "12,346")] {
            assert_eq!(format_rate(rate), text);
        }
    }
}

//! The results of a load as a table for a terminal, at most 80 columns wide.

use std::time::Duration;

use launcelot_measure::load::summary::{Cell, Spread};
use launcelot_measure::load::{Level, LoadResult, LoadSummary};
use launcelot_measure::unit::{format_count, format_duration, format_rate};
use launcelot_measure::{Distribution, Percentile};

use launcelot_charts::load::report::figures::{UNKNOWN, measured};

/// The width of the column with the names of the servers.
pub(super) const NAME_COLUMNS: usize = 14;

/// Returns the table: a row for each server and level.
///
/// On connections that stay open, a dialogue is only a number of questions. So the table counts questions there, and instead of the
/// time of the first answer it has the number of clients that got one.
pub fn table(result: &LoadResult) -> String {
    let summary = LoadSummary::of(result);
    let level = match summary.levels.first() {
        Some(Level::Rate(_)) => "rate",
        _ => "clients",
    };
    let is_kept_alive = result.plan.dialogue.keep_alive;
    let [counted, first, answer] =
        if is_kept_alive { ["questions", "clients", "answered"] } else { ["dialogues", "first", "answer"] };
    let mut text = format!(
        "{:NAME_COLUMNS$} {level:>7} {counted:>9} {:>8} {:>8} {first:>9} {:>8} {:>9}\n",
        "", "question", "", "", "server"
    );
    text += &format!(
        "{:NAME_COLUMNS$} {:>7} {:>9} {:>8} {:>8} {answer:>9} {:>8} {:>9}\n",
        "server", "", "per s", "p50", "p99", "failures", "µs/answer"
    );
    for server in &summary.servers {
        for cell in measured(server) {
            let [rate, first] = if is_kept_alive {
                [known_rate(cell.questions_per_s), known(cell.clients_answered.map(format_count))]
            } else {
                let first = format_percentile(&cell.counts.first_answer_latency, Percentile::P50);
                [known_rate(cell.dialogues_per_s), first]
            };
            text += &row(&server.name, cell, &rate, &first);
        }
    }
    text
}

/// Returns how a cycle ended, for a line of its own.
pub fn describe_cell(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if let Some(rate) = cell.dialogues_per_s {
        let median = format_percentile(&cell.counts.question_latency, Percentile::P50);
        parts.push(format!("{} dialogues/s, question p50 {median}", format_rate(rate.median)));
    }
    parts.extend(describe_failures(cell));
    if let Some(ended) = cell.server_ended.first() {
        parts.push(format!("the server {ended}"));
    }
    parts.join(", ")
}

/// Returns how a cycle ended, for the end of a line.
pub(super) fn describe_cell_briefly(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if let Some(rate) = cell.dialogues_per_s {
        let median = format_percentile(&cell.counts.question_latency, Percentile::P50);
        parts.push(format!("{}/s, p50 {median}", format_rate(rate.median)));
    }
    parts.extend(describe_failures(cell));
    if !cell.server_ended.is_empty() {
        parts.push("†".to_owned());
    }
    parts.join(", ")
}

fn describe_failures(cell: &Cell) -> Option<String> {
    match cell.counts.failures.count() {
        0 => None,
        1 => Some("1 failure".to_owned()),
        failures => Some(format!("{failures} failures")),
    }
}

fn row(name: &str, cell: &Cell, rate: &str, first: &str) -> String {
    let counts = &cell.counts;
    let level = cell.level.number();
    let median = format_percentile(&counts.question_latency, Percentile::P50);
    let p99 = format_percentile(&counts.question_latency, Percentile::P99);
    let failures = counts.failures.count();
    let processor = cell.server.and_then(|server| server.processor_us_per_question);
    let processor = known(processor.map(|us| format!("{us:.1}")));
    let mut name = shortened(name);
    if !cell.server_ended.is_empty() {
        name = shortened(&format!("† {name}"));
    }
    format!("{name:NAME_COLUMNS$} {level:>7} {rate:>9} {median:>8} {p99:>8} {first:>9} {failures:>8} {processor:>9}\n")
}

/// Returns a name that fits its column. The end is kept, where ports are.
pub(super) fn shortened(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_COLUMNS {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length + 1 - NAME_COLUMNS).collect();
    format!("…{end}")
}

/// Returns the median of times; a dash if there are none.
pub(super) fn median(times: &Distribution) -> String {
    format_percentile(times, Percentile::P50)
}

fn format_percentile(times: &Distribution, percentile: Percentile) -> String {
    known(times.percentile(percentile).map(format_time))
}

fn known_rate(rate: Option<Spread>) -> String {
    known(rate.map(|rate| format_rate(rate.median)))
}

/// Returns a figure, or the sign that it is not known.
fn known(figure: Option<String>) -> String {
    figure.unwrap_or_else(|| UNKNOWN.to_owned())
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
}

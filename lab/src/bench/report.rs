//! The figures as a person reads them in a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use thousands::Separable as _;

use super::plan::Plan;
use super::results::{CellResults, Failure, Idle, Machine, Rates, Results};

/// What limits the figures, and what is left out: the first lines.
pub fn head(results: &Results) -> String {
    let Machine { processors, processor, kernel } = &results.machine;
    let mut text = format!("On {processors} processors ({processor}), Linux {kernel}, over loopback.\n");
    text += "Load and server share these processors, so ratios say more than absolute figures.\n";
    text += "The best is the design that used least processor time for a question, of those that served everybody.\n";
    for sentence in &results.left_out {
        text += sentence;
        text.push('\n');
    }
    text
}

/// The table of one cell.
pub fn cell(results: &CellResults, plan: &Plan) -> String {
    let names = results.rows.iter().map(|row| &row.name).chain(results.failures.iter().map(|failure| &failure.name));
    let width = names.map(String::len).max().unwrap_or_default().max("design".len());
    let in_flight = in_flight(results.depth);
    let clients = clients(results.clients);
    let mut text = format!("\n{clients}, {in_flight}; medians of {} × {} s\n", plan.rounds, plan.time.as_secs_f64());
    text += &format!(
        "{:<width$}  {:>13}  {:>11}  {:>7}  {:>10}  {:>10}  {:>8}  {:>6}  {:>9}\n",
        "design", "served", "questions/s", "of best", "p50 µs", "p99 µs", "CPU µs/q", "× best", "memory"
    );
    for row in &results.rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<width$}  {:>13}  {:>11}  {:>7.2}  {:>10.1}  {:>10.1}  {:>8.3}  {:>6.2}  {:>9}",
            row.name,
            served(row.served, results.clients),
            whole(row.questions_per_second),
            row.rate_to_best,
            row.p50_us,
            row.p99_us,
            row.processor_us,
            row.processor_to_best,
            row.memory_bytes.map_or_else(|| "–".to_owned(), mebibytes),
        );
    }
    for Failure { name, reason } in &results.failures {
        let _ = writeln!(text, "{name:<width$}  failed: {reason}");
    }
    text
}

/// What silent connections take.
pub fn idle(rows: &[Idle], failures: &[Failure]) -> String {
    let mut text = String::new();
    for Idle { design, connections, served, empty_bytes, full_bytes, bytes_per_connection } in rows {
        let [empty, full] = [*empty_bytes, *full_bytes].map(mebibytes);
        let kibibytes = bytes_per_connection / 1024.0;
        let _ = writeln!(
            text,
            "{design}: {kibibytes:.2} KiB of resident memory a connection ({empty} without any, {full} with {})",
            of(*served, *connections)
        );
    }
    text += &failed(failures);
    if text.is_empty() { text } else { format!("\nSilent connections, each answered once\n{text}") }
}

/// How long many wait who ask seldom.
pub fn rates(rows: &[Rates], failures: &[Failure]) -> String {
    let mut text = String::new();
    for Rates { design, many, served, few, many_p99_us, few_p99_us, ratio, late_p99_us } in rows {
        let _ = writeln!(
            text,
            "{design}: p99 {many_p99_us:.1} µs with {} that ask once a second, {few_p99_us:.1} µs with {} that ask \
             100 times a second: {ratio:.2} times (the load itself is up to {late_p99_us:.1} µs late)",
            of(*served, *many),
            few.separate_with_commas(),
        );
    }
    text += &failed(failures);
    if text.is_empty() { text } else { format!("\nBy the clock, measured from when a question was due\n{text}") }
}

/// A line for each design that failed.
fn failed(failures: &[Failure]) -> String {
    failures.iter().map(|Failure { name, reason }| format!("{name}: failed: {reason}\n")).collect()
}

/// A time as one would say it beforehand.
pub(super) fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{} seconds", seconds + 1),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

pub(super) fn clients(clients: usize) -> String {
    format!("{} {}", clients.separate_with_commas(), if clients == 1 { "client" } else { "clients" })
}

pub(super) fn in_flight(depth: u32) -> String {
    if depth == 1 { "lockstep".to_owned() } else { format!("{depth} in flight") }
}

/// `all`, or `1 of 10`.
pub(super) fn served(served: usize, clients: usize) -> String {
    if served == clients { "all".to_owned() } else { of(served, clients) }
}

fn of(served: usize, clients: usize) -> String {
    let [few, all] = [served, clients].map(|count| count.separate_with_commas());
    if served == clients { all } else { format!("{few} of {all}") }
}

pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// 120000.4 as `120,000`.
pub(super) fn whole(number: f64) -> String {
    (number.round() as u64).separate_with_commas()
}

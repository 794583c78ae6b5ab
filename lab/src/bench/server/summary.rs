//! What the benchmark of the server prints after its last load: the table of docs/server.md, and what many connections cost.

use std::collections::BTreeSet;
use std::time::Duration;

use launcelot_measure::load::{Cell, Level, LoadResult, LoadSummary, Provenance, ServerSummary};
use launcelot_measure::percentile::Percentile;
use launcelot_measure::text;
use launcelot_measure::unit::{format_count, format_duration, format_rate};

use crate::load::markdown;
use launcelot_charts::load::report::figures::{UNKNOWN, has_failures, measured};
use launcelot_charts::load::report::tables::{Table, TableCell, format_mebibytes, format_micros};

/// The columns of the table, if they were measured: clients, and questions in flight on the connection of each.
const COLUMNS: [(u32, u32); 4] = [(1, 1), (100, 1), (100, 50), (1_000, 1)];

/// Some clients, each with some questions in flight.
struct Column {
    clients: u32,
    in_flight: u32,
    summary: LoadSummary,
}

/// Returns the table with a row for each server, why cells of it failed, and what many connections cost.
pub(super) fn markdown(results: &[LoadResult]) -> String {
    let columns = columns(results);
    let mut text = String::new();
    if !columns.is_empty() {
        text += &markdown::table(&table(&columns));
        text += &source(results);
    }
    for column in &columns {
        for server in &column.summary.servers {
            if let Some(cell) = column.cell(&server.name).filter(|cell| is_failed(cell)) {
                let reason = markdown::escaped(&reason(cell));
                text += &format!("\n`{}` failed with {}: {reason}\n", server.name, column.describe());
            }
        }
    }
    let connections = connections(results);
    if !connections.is_empty() {
        text += &format!("\n```text\n{}\n```\n", connections.trim());
    }
    text
}

/// Returns what a connection costs that asks once a second, and how long it waits for its answers.
pub(super) fn connections(results: &[LoadResult]) -> String {
    let summaries: Vec<LoadSummary> =
        results.iter().filter(|result| is_by_the_clock(result)).map(LoadSummary::of).collect();
    let [seldom, others @ ..] = &summaries[..] else { return String::new() };
    let often = others.first();
    let mut text = "Connections that are silent except for one question a second\n".to_owned();
    for server in &seldom.servers {
        text += &memory(server);
        if let Some(often) = often.and_then(|often| often.server(&server.name)) {
            text += &waits(server, often);
        }
    }
    text
}

/// Returns the number of cells that failed, and of all that were measured.
pub(super) fn failed_cells(results: &[LoadResult]) -> (usize, usize) {
    let summaries: Vec<LoadSummary> = results.iter().map(LoadSummary::of).collect();
    let cells: Vec<&Cell> = summaries.iter().flat_map(|summary| &summary.servers).flat_map(measured).collect();
    (cells.iter().filter(|cell| is_failed(cell)).count(), cells.len())
}

/// Whether dialogues failed, the server ended, or no client was answered.
fn is_failed(cell: &Cell) -> bool {
    has_failures(cell) || cell.clients_answered.unwrap_or(0) == 0
}

fn reason(cell: &Cell) -> String {
    if let Some(reason) = cell.server_ended.first() {
        return format!("the server {reason}");
    }
    match cell.counts.failures.iter().next() {
        Some((kind, tally)) => format!("{}: {}", text::load::failure(kind), format_count(tally.count)),
        None => "no client was answered".to_owned(),
    }
}

fn is_by_the_clock(result: &LoadResult) -> bool {
    !result.plan.dialogue.think.is_zero()
}

impl Column {
    fn cell(&self, server: &str) -> Option<&Cell> {
        let cells = measured(self.summary.server(server)?);
        cells.into_iter().find(|cell| cell.level == Level::Clients(self.clients))
    }

    fn describe(&self) -> String {
        let clients = Level::Clients(self.clients);
        match self.in_flight {
            1 => format!("{clients}, lockstep"),
            many => format!("{clients}, {many} in flight"),
        }
    }
}

/// Returns the columns of the table; all that were measured if none of [`COLUMNS`] was.
fn columns(results: &[LoadResult]) -> Vec<Column> {
    let mut all = Vec::new();
    for result in results.iter().filter(|result| !is_by_the_clock(result)) {
        let summary = LoadSummary::of(result);
        for level in &summary.levels {
            let (clients, in_flight) = (level.number(), result.plan.dialogue.in_flight);
            all.push(Column { clients, in_flight, summary: summary.clone() });
        }
    }
    let is_known = |column: &Column| COLUMNS.contains(&(column.clients, column.in_flight));
    if all.iter().any(is_known) {
        all.retain(is_known);
    }
    all.sort_by_key(|column| (column.clients, column.in_flight));
    all
}

fn table(columns: &[Column]) -> Table {
    let most_clients = columns.iter().max_by_key(|column| column.clients);
    let mut names = vec!["Server".to_owned()];
    names.extend(columns.iter().map(Column::describe));
    names.extend(most_clients.map(|column| format!("memory with {}", format_count(column.clients.into()))));
    let mut rows = Vec::new();
    for server in server_names(columns) {
        let mut row = vec![TableCell::words(&server)];
        row.extend(columns.iter().map(|column| entry(column, &server)));
        if let Some(column) = most_clients {
            let used = column.cell(&server).and_then(|cell| cell.server);
            let memory = used.map_or_else(|| UNKNOWN.to_owned(), |used| format_mebibytes(used.memory_bytes));
            row.push(TableCell::figure(memory));
        }
        rows.push(row);
    }
    Table { caption: "Questions a second · the server's processor time for one".to_owned(), columns: names, rows }
}

/// Returns the servers of all columns, in their order, each once.
fn server_names(columns: &[Column]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = columns.iter().flat_map(|column| &column.summary.servers).map(|server| server.name.clone());
    all.filter(|name| seen.insert(name.clone())).collect()
}

/// Returns the figures of a server, and how many clients were answered if not all were.
fn entry(column: &Column, server: &str) -> TableCell {
    let Some(cell) = column.cell(server) else { return TableCell::figure(UNKNOWN) };
    if is_failed(cell) {
        return TableCell::figure("failed");
    }
    let rate = cell.questions_per_s.map_or(0.0, |rate| rate.median);
    let processor = cell.server.and_then(|used| used.processor_us_per_question);
    let processor = processor.map_or_else(|| UNKNOWN.to_owned(), format_micros);
    let mut entry = TableCell::figure(format!("{} · {processor}", format_rate(rate)));
    let all = u64::from(column.clients);
    entry.note = cell.clients_answered.filter(|answered| *answered < all).map(|answered| count_of(answered, all));
    entry
}

/// Returns where the figures come from.
fn source(results: &[LoadResult]) -> String {
    let Some(result) = results.first() else { return String::new() };
    let unknown = Provenance::default();
    let Provenance { processors, processor, system, .. } = result.provenance.first().unwrap_or(&unknown);
    format!(
        "In brackets: the number of clients answered, if not all were. Medians of {} × {} on {processors} processors ({processor}, \
         {system}), which load and server share; made by `cargo xtask bench server --markdown`.\n",
        result.plan.rounds,
        format_duration(result.plan.duration),
    )
}

/// Returns what a connection costs in memory, from the cells with the fewest and the most of them.
fn memory(server: &ServerSummary) -> String {
    let cells = measured(server);
    let [few, .., many] = &cells[..] else { return String::new() };
    let (Some(used_by_few), Some(used_by_many)) = (few.server, many.server) else { return String::new() };
    let added = used_by_many.memory_bytes.saturating_sub(used_by_few.memory_bytes);
    // A connection that the server has not accepted takes no memory of it.
    let connections = answered_count(many).saturating_sub(answered_count(few)).max(1);
    format!(
        "{}: {:.2} KiB of memory a connection ({} with {}, {} with {})\n",
        server.name,
        added as f64 / 1024.0 / connections as f64,
        format_mebibytes(used_by_few.memory_bytes),
        answered(few),
        format_mebibytes(used_by_many.memory_bytes),
        answered(many),
    )
}

/// Returns how long the many wait for an answer that ask seldom, and the few that ask often.
fn waits(seldom: &ServerSummary, often: &ServerSummary) -> String {
    let (Some(many), Some(few)) = (measured(seldom).pop(), measured(often).pop()) else { return String::new() };
    let p99 = |cell: &Cell| cell.counts.question_latency.percentile(Percentile::P99);
    let (Some(many_p99), Some(few_p99)) = (p99(many), p99(few)) else { return String::new() };
    let lateness = [many, few].map(|cell| cell.counts.lateness.percentile(Percentile::P99).unwrap_or_default());
    format!(
        "{}: p99 {} with {} that ask once a second, {} with {} that ask {} times a second: {:.2} times (the load generator itself \
         is up to {} late)\n",
        seldom.name,
        format_duration(many_p99),
        answered(many),
        format_duration(few_p99),
        answered(few),
        super::loads::FEWER,
        many_p99.as_secs_f64() / few_p99.as_secs_f64(),
        format_duration(lateness.into_iter().max().unwrap_or(Duration::ZERO)),
    )
}

/// Returns the number of clients that were answered, and of all if those are more.
fn answered(cell: &Cell) -> String {
    let (answered, all) = (answered_count(cell), u64::from(cell.level.number()));
    if answered < all { count_of(answered, all) } else { format_count(all) }
}

fn answered_count(cell: &Cell) -> u64 {
    cell.clients_answered.unwrap_or_else(|| cell.level.number().into())
}

fn count_of(part: u64, all: u64) -> String {
    format!("{} of {}", format_count(part), format_count(all))
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::DialogueFailure;
    use launcelot_measure::load::fixtures::sample;

    use super::*;

    /// A load at full speed, whose clients were all answered in each round.
    fn at_full_speed(clients: &[u32], in_flight: u32) -> LoadResult {
        let mut result = sample::result(&["simple", "async"], clients);
        result.plan.dialogue.in_flight = in_flight;
        result
    }

    /// A load of connections that ask at an interval.
    fn by_the_clock(clients: &[u32], interval: Duration) -> LoadResult {
        let mut result = sample::result(&["async"], clients);
        result.plan.dialogue.think = interval;
        for cycle in &mut result.cycles {
            for micros in 1..=1_000 {
                cycle.counts.question_latency.record(Duration::from_micros(micros));
            }
        }
        result
    }

    fn rows(text: &str) -> Vec<&str> {
        text.lines().filter(|line| line.starts_with('|')).collect()
    }

    #[test]
    fn the_table_has_a_row_for_each_server_and_a_column_for_each_known_cell() {
        let mut lockstep = at_full_speed(&[1, 10, 100], 1);
        for cycle in lockstep.cycles.iter_mut().filter(|cycle| cycle.cycle.server == 0) {
            cycle.counts.clients_answered = 1;
        }
        let text = markdown(&[lockstep, at_full_speed(&[1, 100], 50)]);
        let [head, _, simple, tasks] = rows(&text)[..] else { panic!("{text}") };
        assert_eq!(
            head,
            "| Server | 1 client, lockstep | 100 clients, lockstep | 100 clients, 50 in flight | memory with 100 |"
        );
        assert!(simple.starts_with("| simple | ") && simple.matches("(1 of 100)").count() == 1, "{simple}");
        assert!(tasks.starts_with("| async | ") && !tasks.contains(" of "), "{tasks}");
        assert!(tasks.contains("\u{a0}µs") && tasks.ends_with("11.4\u{a0}MiB |"), "{tasks}");
        assert!(text.contains("Medians of 3 × 2\u{a0}s on 2 processors (A processor, Linux 6.12)"), "{text}");
    }

    #[test]
    fn all_columns_are_shown_if_none_of_the_usual_ones_was_measured() {
        let text = markdown(&[at_full_speed(&[7], 3)]);
        assert!(rows(&text)[0].contains("| 7 clients, 3 in flight |"), "{text}");
    }

    #[test]
    fn a_cell_that_failed_says_why() {
        let mut result = at_full_speed(&[1], 1);
        for cycle in &mut result.cycles {
            match cycle.cycle.server {
                0 => cycle.end.as_mut().unwrap().server_ended = Some("exit code 1: It is a silly place".to_owned()),
                _ => cycle.counts.failures.add(DialogueFailure::Reset, None),
            }
        }
        let text = markdown(std::slice::from_ref(&result));
        assert_eq!(rows(&text)[2..], ["| simple | failed | 2.9\u{a0}MiB |", "| async | failed | 2.9\u{a0}MiB |"]);
        for reason in [
            "\n`simple` failed with 1 client, lockstep: the server exit code 1: It is a silly place\n",
            "\n`async` failed with 1 client, lockstep: connection reset: 3\n",
        ] {
            assert!(text.contains(reason), "{text}");
        }
        assert_eq!(failed_cells(&[result]), (2, 2));
    }

    #[test]
    fn what_many_connections_cost_is_compared_with_few() {
        let loads =
            [by_the_clock(&[100, 10_000], Duration::from_secs(1)), by_the_clock(&[100], Duration::from_millis(10))];
        let text = connections(&loads).replace('\u{a0}', " ");
        let [_, memory, waits] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert_eq!(memory, "async: 87.89 KiB of memory a connection (11.4 MiB with 100, 861.2 MiB with 10,000)");
        assert!(waits.starts_with("async: p99 ") && waits.contains(" with 10,000 that ask once a second, "), "{waits}");
        assert_eq!(connections(&[at_full_speed(&[1], 1)]), "");
        assert!(markdown(&loads).starts_with("\n```text\nConnections that are silent"));
    }
}

//! The table of designs in docs/server.md: a row for each design, for a few cells that tell them apart.

use std::fmt::Write as _;

use thousands::Separable as _;

use super::report::{clients, idle, in_flight, mebibytes, rates, served, whole};
use super::results::{CellResults, Failure, Machine, Results, Row};

/// The cells, if they were measured: alone, in company, in a hurry, in a crowd.
const CELLS: [(usize, u32); 4] = [(1, 1), (100, 1), (100, 50), (1000, 1)];

/// The table, and a line that says where it comes from. In each cell questions a second, and the
/// processor time of one; memory is that of the largest crowd in the table.
pub fn table(results: &Results) -> String {
    let cells: Vec<&CellResults> = CELLS
        .iter()
        .filter_map(|(clients, depth)| {
            results.cells.iter().find(|cell| (cell.clients, cell.depth) == (*clients, *depth))
        })
        .collect();
    let crowd = cells.iter().max_by_key(|cell| cell.clients);
    let mut text = String::from("| design |");
    let mut rule = String::from("|---|");
    for cell in &cells {
        // Writing to a string cannot fail.
        let _ = write!(text, " {}, {} |", clients(cell.clients), in_flight(cell.depth));
        rule += "--:|";
    }
    if let Some(crowd) = crowd {
        let _ = write!(text, " memory with {} |", crowd.clients.separate_with_commas());
        rule += "--:|";
    }
    let _ = writeln!(text, "\n{rule}");
    for name in names(&cells) {
        let _ = write!(text, "| `{name}` |");
        for cell in &cells {
            let _ = write!(text, " {} |", entry(cell, name));
        }
        if let Some(crowd) = crowd {
            let memory = row(crowd, name).and_then(|row| row.memory_bytes);
            let _ = write!(text, " {} |", memory.map_or_else(|| "–".to_owned(), mebibytes));
        }
        text.push('\n');
    }
    text + &source(results) + &failures(results) + &many(results)
}

/// Why cells of the table say `failed`, a line each.
fn failures(results: &Results) -> String {
    let mut text = String::new();
    for cell in &results.cells {
        for Failure { name, reason } in &cell.failures {
            let _ =
                writeln!(text, "\n`{name}` failed with {}, {}: {reason}", clients(cell.clients), in_flight(cell.depth));
        }
    }
    text
}

/// What many connections take and wait, as the terminal shows it.
fn many(results: &Results) -> String {
    let text = idle(&results.idle, &results.idle_failures) + &rates(&results.rates, &results.rates_failures);
    if text.is_empty() { text } else { format!("\n```text\n{}\n```\n", text.trim()) }
}

/// Who is in any of the cells, in their order.
fn names<'a>(cells: &[&'a CellResults]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for cell in cells {
        let failed = cell.failures.iter().map(|failure| failure.name.as_str());
        for name in cell.rows.iter().map(|row| row.name.as_str()).chain(failed) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn row<'a>(cell: &'a CellResults, name: &str) -> Option<&'a Row> {
    cell.rows.iter().find(|row| row.name == name)
}

/// The figures of a design, `failed`, or a dash if it was not measured.
fn entry(cell: &CellResults, name: &str) -> String {
    match row(cell, name) {
        Some(row) => figures(cell, row),
        None if cell.failures.iter().any(|failure| failure.name == name) => "failed".to_owned(),
        None => "–".to_owned(),
    }
}

/// `60,512 · 7.9 µs`, and how many are served if not all.
fn figures(cell: &CellResults, row: &Row) -> String {
    let rate = whole(row.questions_per_second);
    let decimals = if row.processor_us < 1.0 { 2 } else { 1 };
    let mut text = format!("{rate} · {:.decimals$} µs", row.processor_us);
    if row.served != cell.clients {
        let _ = write!(text, " ({})", served(row.served, cell.clients));
    }
    text
}

fn source(results: &Results) -> String {
    let Machine { processors, processor, kernel } = &results.machine;
    format!(
        "\nQuestions a second · the server's processor time for one; how many clients are served, where not all are. \
         Medians of {} × {} s on {processors} processors ({processor}, Linux {kernel}), which load and server share; \
         made by `cargo xtask bench server --markdown`.\n",
        results.rounds, results.seconds
    )
}

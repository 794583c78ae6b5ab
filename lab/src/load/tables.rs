//! The tables of a report, in text: HTML and Markdown show the same.

use std::time::Duration;

use launcelot_charts::load::failures::format_share;
use launcelot_charts::load::throughput::format_rate;
use launcelot_measure::Distribution;
use launcelot_measure::load::{Counts, DialogueFailure};
use launcelot_measure::unit::{format_count, format_decimal, format_duration};

use super::figures::{LevelFigures, SHOWN_PERCENTILES, ServerFigures, percentile};

/// A figure that is not known.
const UNKNOWN: &str = "–";

/// A table. The first cell of each row names it.
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A cell: a figure or words, and a note on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) note: Option<String>,
    /// Whether it is words, which are aligned to the left.
    pub(crate) is_words: bool,
}

impl Cell {
    fn figure(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_words: true, ..Self::default() }
    }
}

/// Returns the dialogues per second of each server at each level.
pub(crate) fn throughput(servers: &[ServerFigures], unit: &str) -> Table {
    by_level(
        "Dialogues per second: the median of the rounds, and the slowest and the fastest round",
        servers,
        unit,
        &|at| {
            let Some(median) = at.median_rate() else { return Cell::figure(UNKNOWN) };
            let least = at.dialogue_rates.first().copied().unwrap_or(median);
            let most = at.dialogue_rates.last().copied().unwrap_or(median);
            let range =
                (at.dialogue_rates.len() > 1).then(|| format!("{} to {}", format_rate(least), format_rate(most)));
            Cell { text: format_rate(median), note: range, is_words: false }
        },
    )
}

/// Returns the median and the 99th percentile of a latency of each server at each level.
pub(crate) fn latency(
    what: &str,
    servers: &[ServerFigures],
    unit: &str,
    times: &dyn Fn(&Counts) -> &Distribution,
) -> Table {
    by_level(&format!("{what}: p50 and p99"), servers, unit, &|at| {
        let times = times(&at.counts);
        let p99 = percentile(times, 990).map_or_else(|| UNKNOWN.to_owned(), format_duration);
        Cell { text: time_or_unknown(percentile(times, 500)), note: Some(format!("p99 {p99}")), is_words: false }
    })
}

/// Returns a table with a row for each level and a column for each server. A cross marks a level at which dialogues failed.
fn by_level(caption: &str, servers: &[ServerFigures], unit: &str, cell: &dyn Fn(&LevelFigures) -> Cell) -> Table {
    let mut levels: Vec<_> = servers.iter().flat_map(|server| &server.levels).map(|at| at.level).collect();
    levels.sort_unstable();
    levels.dedup();
    let row = |level| {
        let of_server = |server: &ServerFigures| {
            let Some(at) = server.levels.iter().find(|at| at.level == level) else { return Cell::figure(UNKNOWN) };
            let mut cell = cell(at);
            if at.has_failures() {
                cell.text = format!("×\u{a0}{}", cell.text);
            }
            cell
        };
        let name = Cell::figure(format_count(u64::from(level.number())));
        std::iter::once(name).chain(servers.iter().map(of_server)).collect()
    };
    Table {
        caption: caption.to_owned(),
        columns: std::iter::once(capitalized(unit)).chain(servers.iter().map(|server| server.name.clone())).collect(),
        rows: levels.into_iter().map(row).collect(),
    }
}

/// Returns the percentiles of a latency of each server at its highest level.
pub(crate) fn percentiles(
    what: &str,
    servers: &[ServerFigures],
    unit: &str,
    times: &dyn Fn(&Counts) -> &Distribution,
) -> Table {
    let row = |server: &ServerFigures| {
        let at = server.levels.last()?;
        let times = times(&at.counts);
        let mut cells = vec![Cell::words(&server.name), Cell::figure(format_count(u64::from(at.level.number())))];
        cells.push(Cell::figure(format_count(times.count())));
        for (_, thousandths) in SHOWN_PERCENTILES {
            cells.push(Cell::figure(time_or_unknown(percentile(times, thousandths))));
        }
        cells.push(Cell::figure(time_or_unknown((times.count() > 0).then(|| times.longest()))));
        Some(cells)
    };
    let mut columns = vec!["Server".to_owned(), capitalized(unit), "Samples".to_owned()];
    columns.extend(SHOWN_PERCENTILES.map(|(name, _)| name.to_owned()));
    columns.push("max".to_owned());
    Table { caption: format!("{what} at the highest level"), columns, rows: servers.iter().filter_map(row).collect() }
}

/// Returns a row for each kind of failure of each server at each level.
pub(crate) fn failures(servers: &[ServerFigures], unit: &str) -> Table {
    let mut rows = Vec::new();
    for server in servers {
        for at in &server.levels {
            let all = at.counts.dialogues + at.counts.failures.count();
            let mut row = |what: &str, count: String, share: String, example: &str| {
                let level = Cell::figure(format_count(u64::from(at.level.number())));
                let words = [Cell::words(&server.name), level, Cell::words(what)];
                rows.push(
                    words.into_iter().chain([Cell::figure(count), Cell::figure(share), Cell::words(example)]).collect(),
                );
            };
            for (kind, tally) in at.counts.failures.iter() {
                let example = tally.example.as_deref().unwrap_or(UNKNOWN);
                row(kind_name(kind), format_count(tally.count), format_share(tally.count, all), example);
            }
            for reason in &at.ended {
                row("the server ended", "1".to_owned(), UNKNOWN.to_owned(), reason);
            }
        }
    }
    Table {
        caption: "Failures by kind".to_owned(),
        columns: ["Server", &capitalized(unit), "Failure", "Dialogues", "Share", "One of them said"]
            .map(str::to_owned)
            .into(),
        rows,
    }
}

/// Returns what servers and load generator used, with a row for each server and level.
pub(crate) fn usage(servers: &[ServerFigures], unit: &str) -> Table {
    let row = |server: &ServerFigures, at: &LevelFigures| {
        let counts = &at.counts;
        let cut = counts.cut_at_begin + counts.cut_at_end;
        let lateness = time_or_unknown(percentile(&counts.lateness, 990));
        let figures = [
            format_count(u64::from(at.level.number())),
            super::figures::median(&at.question_rates).map_or_else(|| UNKNOWN.to_owned(), format_rate),
            at.server_us_per_question
                .map_or_else(|| UNKNOWN.to_owned(), |us| format_duration(Duration::from_nanos((us * 1e3) as u64))),
            at.memory_bytes.map_or_else(|| UNKNOWN.to_owned(), format_mebibytes),
            at.threads.map_or_else(|| UNKNOWN.to_owned(), |threads| format_count(u64::from(threads))),
            at.switches_per_question.map_or_else(|| UNKNOWN.to_owned(), format_rate),
            format!("{}\u{a0}%", format_count(at.generator_percent.round() as u64)),
            lateness,
            format_count(cut),
            format_count(counts.queued),
        ];
        std::iter::once(Cell::words(&server.name)).chain(figures.into_iter().map(Cell::figure)).collect()
    };
    let columns = [
        "Server",
        &capitalized(unit),
        "Questions per second",
        "Server processor per question",
        "Server memory",
        "Server threads",
        "Switches per question",
        "Generator of one processor",
        "Generator lateness p99",
        "Cut by the window",
        "Queued",
    ];
    Table {
        caption: "What server and load generator used".to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows: servers.iter().flat_map(|server| server.levels.iter().map(move |at| row(server, at))).collect(),
    }
}

/// Returns a kind of failure in words.
pub(crate) fn kind_name(kind: DialogueFailure) -> &'static str {
    match kind {
        DialogueFailure::Refused => "connection refused",
        DialogueFailure::ConnectTimedOut => "timed out while connecting",
        DialogueFailure::NotConnected => "not connected",
        DialogueFailure::Handshake => "WebSocket handshake failed",
        DialogueFailure::Reset => "connection reset",
        DialogueFailure::ClosedEarly => "closed early",
        DialogueFailure::AnswerTimedOut => "timed out while waiting for an answer",
        DialogueFailure::WrongAnswer => "wrong answer",
        DialogueFailure::NoLocalPort => "load generator: not a free local port",
        DialogueFailure::NoDescriptor => "load generator: not a free descriptor",
        DialogueFailure::Other => "other failure",
    }
}

fn time_or_unknown(time: Option<Duration>) -> String {
    time.map_or_else(|| UNKNOWN.to_owned(), format_duration)
}

fn format_mebibytes(bytes: u64) -> String {
    format!("{}\u{a0}MiB", format_decimal(bytes, 1 << 20, 1))
}

/// Returns text with a capital letter at its begin.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

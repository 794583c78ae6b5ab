//! The tables of a report, in text: HTML and Markdown show the same.

use std::time::Duration;

use launcelot_measure::Distribution;
use launcelot_measure::load::comparison::{Outcome, ServerComparison};
use launcelot_measure::load::model::ServedAtOnce;
use launcelot_measure::load::{Cell, Counts, LoadSummary, NoPrediction, Prediction, ServerPrediction, ServerSummary};
use launcelot_measure::percentile::{LOAD_PERCENTILES, Percentile};
use launcelot_measure::text;
use launcelot_measure::unit::{format_count, format_decimal, format_duration, format_rate};

use super::figures::{UNKNOWN, has_failures, measured};
use crate::load::failures::format_share;

/// A table. The first cell of each row names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<TableCell>>,
}

/// A cell: a figure or words, and a note on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableCell {
    /// The figure or the words.
    pub text: String,
    /// A note on it.
    pub note: Option<String>,
    /// Whether it is words, which are aligned to the left.
    pub is_words: bool,
}

impl TableCell {
    /// Returns a cell with a figure.
    pub fn figure(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Returns a cell of words.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_words: true, ..Self::default() }
    }
}

/// Returns the rate of each server at each level.
pub fn throughput(summary: &LoadSummary, unit: &str) -> Table {
    let what = capitalized(summary.unit.plural());
    let caption = format!("{what} per second: median of the rounds, with the slowest and the fastest round");
    by_level(&caption, &summary.servers, unit, &|at| {
        let Some(rates) = at.dialogues_per_s else { return TableCell::figure(UNKNOWN) };
        let range = format!("{} to {}", format_rate(rates.least), format_rate(rates.most));
        TableCell { text: format_rate(rates.median), note: (at.rounds.len() > 1).then_some(range), is_words: false }
    })
}

/// Returns the median and the 99th percentile of a latency of each server at each level.
pub fn latency(what: &str, servers: &[ServerSummary], unit: &str, times: &dyn Fn(&Counts) -> &Distribution) -> Table {
    by_level(&format!("{what}: p50 and p99"), servers, unit, &|at| {
        let times = times(&at.counts);
        let p99 = time_or_unknown(times.percentile(Percentile::P99));
        let text = time_or_unknown(times.percentile(Percentile::P50));
        TableCell { text, note: Some(format!("p99 {p99}")), is_words: false }
    })
}

/// Returns a table with a row for each level and a column for each server. A cross marks a level at which dialogues failed.
fn by_level(caption: &str, servers: &[ServerSummary], unit: &str, cell: &dyn Fn(&Cell) -> TableCell) -> Table {
    let mut levels: Vec<_> = servers.iter().flat_map(measured).map(|at| at.level).collect();
    levels.sort_unstable();
    levels.dedup();
    let row = |level| {
        let of_server = |server: &ServerSummary| {
            let Some(at) = measured(server).into_iter().find(|at| at.level == level) else {
                return TableCell::figure(UNKNOWN);
            };
            let mut cell = cell(at);
            if has_failures(at) {
                cell.text = format!("×\u{a0}{}", cell.text);
            }
            cell
        };
        let name = TableCell::figure(format_count(u64::from(level.number())));
        std::iter::once(name).chain(servers.iter().map(of_server)).collect()
    };
    Table {
        caption: caption.to_owned(),
        columns: std::iter::once(capitalized(unit)).chain(servers.iter().map(|server| server.name.clone())).collect(),
        rows: levels.into_iter().map(row).collect(),
    }
}

/// Returns the percentiles of a latency of each server at its highest level.
pub fn percentiles(
    what: &str,
    servers: &[ServerSummary],
    unit: &str,
    times: &dyn Fn(&Counts) -> &Distribution,
) -> Table {
    let row = |server: &ServerSummary| {
        let at = measured(server).pop()?;
        let times = times(&at.counts);
        let mut cells =
            vec![TableCell::words(&server.name), TableCell::figure(format_count(u64::from(at.level.number())))];
        cells.push(TableCell::figure(format_count(times.count())));
        for percentile in LOAD_PERCENTILES {
            cells.push(TableCell::figure(time_or_unknown(times.percentile(percentile))));
        }
        cells.push(TableCell::figure(time_or_unknown((times.count() > 0).then(|| times.longest()))));
        Some(cells)
    };
    let mut columns = vec!["Server".to_owned(), capitalized(unit), "Samples".to_owned()];
    columns.extend(LOAD_PERCENTILES.map(|percentile| percentile.name.to_owned()));
    columns.push("max".to_owned());
    Table { caption: format!("{what} at the highest level"), columns, rows: servers.iter().filter_map(row).collect() }
}

/// Returns the predicted rate of each server at each level, and beside it the measured one.
pub fn prediction(servers: &[ServerPrediction], unit: &str) -> Table {
    let mut predicted: Vec<(&str, &Prediction)> = Vec::new();
    for server in servers {
        if let Ok(prediction) = &server.prediction {
            predicted.push((&server.name, prediction));
        }
    }
    let mut levels: Vec<_> = predicted.iter().flat_map(|(_, server)| &server.rates).map(|rate| rate.level).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut rows = Vec::new();
    for level in levels {
        let mut row = vec![TableCell::figure(format_count(u64::from(level.number())))];
        row.extend(predicted.iter().map(|(_, server)| match server.at(level) {
            None => TableCell::figure(UNKNOWN),
            Some(rate) => {
                let deviation = format!("{:+.0}", rate.deviation_percent()).replace('-', "\u{2212}");
                let measured = format!("measured {}, {deviation}\u{a0}%", format_rate(rate.measured));
                TableCell { text: format_rate(rate.predicted), note: Some(measured), is_words: false }
            }
        }));
        rows.push(row);
    }
    let mut columns = vec![capitalized(unit)];
    columns.extend(predicted.iter().map(|(name, _)| (*name).to_owned()));
    Table {
        caption: "Dialogues per second predicted by the model, and how far the measurement is from it".to_owned(),
        columns,
        rows,
    }
}

/// Returns what the model takes from each server.
pub fn model_inputs(servers: &[ServerPrediction]) -> Table {
    let row = |server: &ServerPrediction| {
        let [served, question, connect, processor] = match &server.prediction {
            Ok(Prediction { served_at_once, inputs, .. }) => {
                let served = match served_at_once {
                    ServedAtOnce::AtMost(clients) => format_count(u64::from(*clients)),
                    ServedAtOnce::All => "all".to_owned(),
                };
                let processor = inputs.processors.map(|processors| processors.per_dialogue);
                [
                    served,
                    format_duration(inputs.direct_question),
                    format_duration(inputs.direct_connect),
                    time_or_unknown(processor),
                ]
            }
            Err(NoPrediction::NotMeasured) => ["not measured", UNKNOWN, UNKNOWN, UNKNOWN].map(str::to_owned),
            Err(_) => ["unknown", UNKNOWN, UNKNOWN, UNKNOWN].map(str::to_owned),
        };
        let mut cells = vec![TableCell::words(&server.name)];
        cells.extend([served, question, connect, processor].map(TableCell::figure));
        cells
    };
    let columns = ["Server", "Served at once", "Question p50", "Connect p50", "Processor time per dialogue"];
    Table {
        caption: "Inputs of the model, measured with one client on a direct connection".to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows: servers.iter().map(row).collect(),
    }
}

/// Returns a row for each comparison.
pub fn comparison(comparisons: &[ServerComparison]) -> Table {
    let row = |comparison: &ServerComparison| {
        let (ratio, interval, finding) = match comparison.outcome {
            Outcome::Compared(ratio) => (
                format!("{:.3}", ratio.ratio),
                format!("{:.3} to {:.3}", ratio.from, ratio.until),
                if ratio.is_difference() { "difference".to_owned() } else { "no difference seen".to_owned() },
            ),
            Outcome::TooFewRounds { rounds } => {
                (UNKNOWN.to_owned(), UNKNOWN.to_owned(), format!("too few rounds to tell: {rounds}"))
            }
            Outcome::NothingAnswered => (UNKNOWN.to_owned(), UNKNOWN.to_owned(), "a round without answers".to_owned()),
        };
        vec![
            TableCell::words(comparison.server_in_run()),
            TableCell::words(comparison.baseline_in_run()),
            TableCell::figure(ratio),
            TableCell::figure(interval),
            TableCell::words(finding),
        ]
    };
    let figure = comparisons.first().map_or("", |comparison| comparison.figure.as_str());
    Table {
        caption: format!("{}, as a multiple of the baseline", capitalized(figure)),
        columns: ["Server", "Baseline", "Ratio", "95\u{a0}% interval", "Finding"].map(str::to_owned).into(),
        rows: comparisons.iter().map(row).collect(),
    }
}

/// Returns a row for each kind of failure of each server at each level.
pub fn failures(summary: &LoadSummary, unit: &str) -> Table {
    let mut rows = Vec::new();
    for server in &summary.servers {
        for at in measured(server) {
            let all = at.counts.dialogues + at.counts.failures.count();
            let mut row = |what: &str, count: String, share: String, example: &str| {
                let level = TableCell::figure(format_count(u64::from(at.level.number())));
                let words = [TableCell::words(&server.name), level, TableCell::words(what)];
                rows.push(
                    words
                        .into_iter()
                        .chain([TableCell::figure(count), TableCell::figure(share), TableCell::words(example)])
                        .collect(),
                );
            };
            for (kind, tally) in at.counts.failures.iter() {
                let example = tally.example.as_deref().unwrap_or(UNKNOWN);
                row(text::load::failure(kind), format_count(tally.count), format_share(tally.count, all), example);
            }
            for reason in &at.server_ended {
                row("the server ended", "1".to_owned(), UNKNOWN.to_owned(), reason);
            }
        }
    }
    Table {
        caption: "Failures by kind".to_owned(),
        columns: ["Server", &capitalized(unit), "Failure", &capitalized(summary.unit.plural()), "Share", "Example"]
            .map(str::to_owned)
            .into(),
        rows,
    }
}

/// Returns what servers and load generator used, with a row for each server and level. With `has_link`, a column shows what the
/// emulated link used, which is a part of the lab.
pub fn usage(servers: &[ServerSummary], unit: &str, has_link: bool) -> Table {
    let row = |server: &ServerSummary, at: &Cell| {
        let counts = &at.counts;
        let lateness = time_or_unknown(counts.lateness.percentile(Percentile::P99));
        let used = at.server;
        let figures = [
            format_count(u64::from(at.level.number())),
            known(at.questions_per_s, |rates| format_rate(rates.median)),
            known(at.clients_answered, format_count),
            known(used.and_then(|used| used.processor_us_per_question), format_micros),
            known(used, |used| format_mebibytes(used.memory_bytes)),
            known(used, |used| format_count(u64::from(used.threads))),
            known(used.and_then(|used| used.context_switches_per_question), format_rate),
            known(at.generator_share, format_busy),
            lateness,
            format_count(counts.cut()),
            format_count(counts.queued),
        ];
        let link = has_link.then(|| known(at.other_share, format_busy));
        let figures = figures.into_iter().chain(link).map(TableCell::figure);
        std::iter::once(TableCell::words(&server.name)).chain(figures).collect()
    };
    let unit = capitalized(unit);
    let mut columns = vec![
        "Server",
        &unit,
        "Questions per second",
        "Clients answered",
        "Server processor time per question",
        "Server memory",
        "Server threads",
        "Context switches per question",
        "Generator busy",
        "Generator lateness p99",
        "Cut by the window",
        "Queued",
    ];
    if has_link {
        columns.push("Emulated link busy");
    }
    Table {
        caption: "Resources used by the server and by the load generator".to_owned(),
        columns: columns.into_iter().map(str::to_owned).collect(),
        rows: servers.iter().flat_map(|server| measured(server).into_iter().map(move |at| row(server, at))).collect(),
    }
}

fn time_or_unknown(time: Option<Duration>) -> String {
    time.map_or_else(|| UNKNOWN.to_owned(), format_duration)
}

/// Returns a share of a processor in percent.
fn format_busy(share: f64) -> String {
    format!("{}\u{a0}%", format_count((share * 100.0).round() as u64))
}

/// Returns the text of a figure, or the sign that it is not known.
fn known<T>(figure: Option<T>, format: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| UNKNOWN.to_owned(), format)
}

/// Returns microseconds as text.
pub fn format_micros(micros: f64) -> String {
    format_duration(Duration::from_nanos((micros * 1_000.0).round() as u64))
}

/// Returns bytes in MiB as text.
pub fn format_mebibytes(bytes: u64) -> String {
    format!("{}\u{a0}MiB", format_decimal(bytes, 1 << 20, 1))
}

/// Returns text with a capital letter at its begin.
pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

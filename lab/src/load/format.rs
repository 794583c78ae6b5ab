//! The formats in which results are printed.

use std::io::{self, Write as _};

use clap::Args;
use launcelot_endpoint::output::Output;
use launcelot_measure::load::json::to_json;
use launcelot_measure::load::{LoadMode, LoadResult, LoadSummary, ServerComparison, prediction};
use launcelot_measure::text;
use serde::Serialize;
use serde_json::json;

use super::{csv, markdown, table, terminal};

/// How results are printed on standard output. The default is a table for a terminal.
#[derive(Debug, Clone, Copy, Default, Args)]
#[group(multiple = false)]
pub struct FormatOptions {
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
    /// Print the results as a Markdown table
    #[arg(long)]
    pub markdown: bool,
    /// Print the results as CSV
    #[arg(long)]
    pub csv: bool,
}

impl FormatOptions {
    /// JSON, which keeps everything.
    pub const JSON: Self = Self { json: true, markdown: false, csv: false };

    /// Whether the results are a table for a terminal.
    pub fn is_table(self) -> bool {
        !(self.json || self.markdown || self.csv)
    }
}

/// Returns results in a format, with how their servers compare.
pub(crate) fn report(results: &[LoadResult], comparisons: &[ServerComparison], format: FormatOptions) -> String {
    if format.json {
        return json(results, comparisons);
    }
    if format.markdown {
        return markdown::tables(results, comparisons);
    }
    if format.csv {
        return csv::rows(results);
    }
    let mut text = String::new();
    for (index, result) in results.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        if results.len() > 1 {
            text += &format!("Run {}: {}\n", index + 1, result.begun());
        }
        text += &table_with_sentences(result);
    }
    if !comparisons.is_empty() {
        text.push('\n');
    }
    for comparison in comparisons {
        text += &terminal::paragraph(&comparison.describe());
    }
    text
}

/// A result with the comparisons of its servers.
#[derive(Serialize)]
struct ComparedResult<'a> {
    #[serde(flatten)]
    result: &'a LoadResult,
    comparisons: &'a [ServerComparison],
}

/// Returns one result as it is in its file, with its comparisons if there are any, or a document with several results and their
/// comparisons.
fn json(results: &[LoadResult], comparisons: &[ServerComparison]) -> String {
    match results {
        [result] if comparisons.is_empty() => to_json(result),
        [result] => {
            let compared = ComparedResult { result, comparisons };
            serde_json::to_string_pretty(&compared).expect("keys are strings, and histograms are within their bounds")
                + "\n"
        }
        _ => format!("{:#}\n", json!({ "results": results, "comparisons": comparisons })),
    }
}

fn table_with_sentences(result: &LoadResult) -> String {
    let mut text = table::table(result) + "\n";
    let summary = LoadSummary::of(result);
    if let Some(sentence) = text::load::cut(&summary) {
        text += &terminal::paragraph(&sentence);
    }
    if result.provenance.len() > 1 {
        let generators = result.provenance.len();
        text += &terminal::paragraph(&format!(
            "Merged from {generators} load generators, each with the {} of its row.",
            match result.plan.mode {
                LoadMode::Closed { .. } => "clients",
                LoadMode::Open { .. } => "rate",
            }
        ));
    }
    for sentence in text::load::meaning(&summary) {
        text += &terminal::paragraph(&sentence);
    }
    for sentence in text::prediction::sentences(result, &prediction::of_servers(result, &summary)) {
        text += &terminal::paragraph(&sentence);
    }
    text
}

/// Writes a text on standard output. A closed one is not a failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = Output::stdout();
    // The output keeps its first failure.
    let _ = output.write_all(text.as_bytes());
    output.finish()
}

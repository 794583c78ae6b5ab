//! Results as text on standard output: a table with sentences, Markdown, CSV or JSON.

use std::io::{self, Write as _};

use launcelot_endpoint::output::Output;
use launcelot_measure::load::json::to_json;
use launcelot_measure::load::{LoadResult, LoadSummary, ServerComparison};
use launcelot_measure::text;
use serde_json::json;

use super::options::FormatOptions;
use super::{csv, markdown, table, terminal};

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
            let begun = result.provenance.first().map_or("", |from| from.begun.as_str());
            text += &format!("Run {}: {begun}\n", index + 1);
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

/// Returns one result as it is in its file, or a document with several results and their comparisons.
fn json(results: &[LoadResult], comparisons: &[ServerComparison]) -> String {
    match results {
        [result] => to_json(result),
        _ => format!("{:#}\n", json!({ "results": results, "comparisons": comparisons })),
    }
}

fn table_with_sentences(result: &LoadResult) -> String {
    let mut text = table::table(result) + "\n";
    for sentence in text::load::meaning(&LoadSummary::of(result)) {
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

//! The formats in which results are printed.

use std::io::{self, Write as _};

use clap::Args;
use launcelot_endpoint::output::Output;
use launcelot_measure::load::json::to_json;
use launcelot_measure::load::{LoadResult, LoadSummary};
use launcelot_measure::text;

use super::{csv, markdown, table};

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

/// Returns results in a format. As JSON they stand one after the other.
pub(crate) fn report(results: &[LoadResult], format: FormatOptions) -> String {
    if format.json {
        results.iter().map(to_json).collect()
    } else if format.markdown {
        markdown::tables(results)
    } else if format.csv {
        csv::rows(results)
    } else {
        results.iter().map(table_with_sentences).collect::<Vec<_>>().join("\n")
    }
}

fn table_with_sentences(result: &LoadResult) -> String {
    let mut text = table::table(result) + "\n";
    for sentence in text::load::meaning(&LoadSummary::of(result)) {
        text += &(sentence + "\n");
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

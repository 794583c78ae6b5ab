//! The tables of a load in Markdown (GitHub's, for a terminal, an issue or the documentation).

use launcelot_charts::load::report::figures::level_unit;
use launcelot_charts::load::report::tables::{self, Table, TableCell};
use launcelot_measure::load::{LoadResult, LoadSummary, ServerComparison, prediction};

/// Returns the tables of all results, one after the other, and that of the comparisons.
pub fn tables(results: &[LoadResult], comparisons: &[ServerComparison]) -> String {
    let mut text = String::new();
    for result in results {
        if results.len() > 1 {
            text += &format!("## {}\n\n", escaped(&result.begun()));
        }
        let summary = LoadSummary::of(result);
        let servers = &summary.servers;
        let unit = level_unit(result);
        let mut all = vec![
            tables::throughput(&summary, unit),
            tables::latency("Time per question", servers, unit, &|counts| &counts.question_latency),
            tables::latency("Connect to first answer", servers, unit, &|counts| &counts.first_answer_latency),
            tables::percentiles("Time per question", servers, unit, &|counts| &counts.question_latency),
            tables::usage(servers, unit, result.plan.link.is_some()),
        ];
        let predictions = prediction::of_servers(result, &summary);
        if predictions.iter().any(|server| server.prediction.is_ok()) {
            all.push(tables::prediction(&predictions, unit));
            all.push(tables::model_inputs(&predictions));
        }
        let failures = tables::failures(&summary, unit);
        if !failures.rows.is_empty() {
            all.push(failures);
        }
        for table in all {
            text += &self::table(&table);
        }
    }
    if !comparisons.is_empty() {
        text += &self::table(&tables::comparison(comparisons));
    }
    text
}

/// Returns a table in Markdown, with an empty line after it.
pub(crate) fn table(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let columns: Vec<String> = table.columns.iter().map(|name| escaped(name)).collect();
    let is_words = |index: usize| table.rows.first().and_then(|row| row.get(index)).is_some_and(|cell| cell.is_words);
    let rule: Vec<String> =
        (0..columns.len()).map(|index| if is_words(index) { "---" } else { "---:" }.to_owned()).collect();
    let mut text = format!("**{}**\n\n{}{}", escaped(&table.caption), line(&columns), line(&rule));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        text += &line(&cells);
    }
    text + "\n"
}

fn cell(cell: &TableCell) -> String {
    match &cell.note {
        Some(note) => format!("{} ({})", escaped(&cell.text), escaped(note)),
        None => escaped(&cell.text),
    }
}

/// Returns text without meaning in Markdown: on one line, with its markup escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use launcelot_measure::load::fixtures::sample;
    use launcelot_measure::load::{Primary, compare_servers};

    use super::*;

    #[test]
    fn every_row_has_as_many_cells_as_there_are_columns() {
        let text = tables(&[sample::result(&["simple", "a|b"], &[1, 5])], &[]).replace("\\|", "");
        let bars = |line: &str| line.matches('|').count();
        for table in text.split("**\n\n").skip(1) {
            let mut lines = table.lines().take_while(|line| line.starts_with('|'));
            let columns = lines.next().map(bars);
            assert!(lines.all(|line| Some(bars(line)) == columns), "{table}");
        }
        assert!(text.contains("**Dialogues per second"), "{text}");
    }

    #[test]
    fn a_comparison_without_a_ratio_has_a_row_too() {
        let result = sample::result(&["simple", "poll"], &[1, 5]);
        let comparisons = compare_servers(&LoadSummary::of(&result), Primary::default(), None);
        let text = tables(&[result], &comparisons);
        assert!(text.contains("| poll | simple | – | – | too few rounds to tell: 3 |"), "{text}");
    }

    #[test]
    fn names_have_no_meaning_in_markdown() {
        assert_eq!(escaped("<a|b>\n*c*"), "\\<a\\|b\\> \\*c\\*");
    }
}

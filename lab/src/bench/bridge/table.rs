//! The tables of the benchmark, in text of at most 80 columns and in Markdown.

use std::fmt::Write as _;

/// The text for a figure that was not measured.
pub(super) const NONE: &str = "–";

/// A table. The first cell of each row is a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table without rows, whose caption says what the figures of all tables are.
    pub(super) fn heading(rounds: u32) -> Self {
        let caption = format!(
            "Medians of {rounds} rounds, in which the programs take turns; ± half of the range of\nthe rounds. Processor time is \
             that of the program between clients and server."
        );
        Self { caption, ..Self::default() }
    }

    pub(super) fn new(caption: String, columns: &[&str]) -> Self {
        Self { caption, columns: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.caption);
        let lines = || std::iter::once(&self.columns).chain(&self.rows).filter(|line| !line.is_empty());
        let width = |column: usize| lines().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        for line in lines() {
            let mut row = format!("{:<width$}", line[0], width = widths[0]);
            for (cell, width) in line.iter().zip(&widths).skip(1) {
                // Writing to a string cannot fail.
                let _ = write!(row, "  {cell:>width$}");
            }
            text += row.trim_end();
            text.push('\n');
        }
        text + "\n"
    }

    pub(super) fn markdown(&self) -> String {
        if self.columns.is_empty() {
            return format!("{}\n\n", self.caption);
        }
        let mut text = format!("**{}**\n\n| {} |\n|---|", self.caption, self.columns.join(" | "));
        text += &"--:|".repeat(self.columns.len() - 1);
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n| {} |", row.join(" | "));
        }
        text + "\n\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let rows = vec![vec!["server alone".to_owned(), "1,000 ±1%".to_owned()]];
        Table { rows, ..Table::new("1 client".to_owned(), &["", "questions/s"]) }
    }

    #[test]
    fn names_are_aligned_to_the_left_and_figures_to_the_right() {
        assert_eq!(table().text(), "1 client\n              questions/s\nserver alone    1,000 ±1%\n\n");
        assert!(Table::heading(5).text().lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn markdown_has_the_same_cells() {
        let expected = "**1 client**\n\n|  | questions/s |\n|---|--:|\n| server alone | 1,000 ±1% |\n\n";
        assert_eq!(table().markdown(), expected);
    }
}

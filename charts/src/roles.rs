//! Parts of HTML tables. Their ARIA roles are explicit, because browsers drop them if a style sheet changes the display of rows.

use std::fmt::Display;

use crate::element::Element;

impl Element {
    /// Creates a table.
    pub(crate) fn table(id: &str) -> Self {
        let mut table = Self::new("table");
        table.set("id", id).set("role", "table");
        table
    }

    /// Adds the head or the body of a table, and returns it.
    pub(crate) fn add_row_group(&mut self, name: &'static str) -> &mut Self {
        self.add(name).set("role", "rowgroup")
    }

    /// Adds a row, and returns it.
    pub(crate) fn add_row(&mut self) -> &mut Self {
        self.add("tr").set("role", "row")
    }

    /// Adds the heading of a column, and returns it.
    pub(crate) fn add_column_header(&mut self) -> &mut Self {
        self.add("th").set("role", "columnheader").set("scope", "col")
    }

    /// Adds the name of a row.
    pub(crate) fn add_row_header(&mut self, name: impl Display) {
        self.add("th").set("role", "rowheader").set("scope", "row").text(name);
    }

    /// Adds a cell, and returns it.
    pub(crate) fn add_cell(&mut self) -> &mut Self {
        self.add("td").set("role", "cell")
    }
}
